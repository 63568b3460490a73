"""The query strings of the lists."""

import pytest

from shared.errors import InvalidRequest
from shared.wire.listing import ListClientTokenConversations, ListClientTokens


class TestListQuery:
    @pytest.mark.parametrize(
        ("query", "limit", "offset"),
        [
            ({}, None, 0),
            ({"limit": "1"}, 1, 0),
            ({"limit": "200", "offset": "0"}, 200, 0),
            ({"limit": "010", "offset": "999999999"}, 10, 999_999_999),
            ({"offset": "5"}, None, 5),
        ],
        ids=str,
    )
    def test_both_are_optional(self, query, limit, offset):
        request = ListClientTokens.read_query(query)
        assert (request.limit, request.offset) == (limit, offset)

    def test_without_a_limit_there_is_no_page(self):
        assert ListClientTokens.read_query({"offset": "5"}).pagination("ct_1", "acme") is None

    @pytest.mark.parametrize(
        ("query", "path", "code"),
        [
            ({"limit": "0"}, "limit", "out_of_range"),
            ({"limit": "201"}, "limit", "out_of_range"),
            ({"limit": "-1"}, "limit", "out_of_range"),
            ({"limit": "10.0"}, "limit", "wrong_type"),
            ({"limit": ""}, "limit", "wrong_type"),
            ({"limit": "ten"}, "limit", "wrong_type"),
            ({"offset": "-1"}, "offset", "out_of_range"),
            ({"offset": "1" * 5000}, "offset", "wrong_type"),
            ({"cursors": "x"}, "cursors", "unknown_field"),
        ],
        ids=lambda value: str(value)[:30],
    )
    def test_out_of_bounds_or_unknown_parameter_is_refused(self, query, path, code):
        with pytest.raises(InvalidRequest) as caught:
            ListClientTokens.read_query(query)
        assert [(detail.path, detail.code) for detail in caught.value.details] == [(path, code)]


def test_flow_filter_is_at_most_as_long_as_an_id():
    assert ListClientTokenConversations.read_query({"flow_id": "é" * 128}).flow_id == "é" * 128
    with pytest.raises(InvalidRequest) as caught:
        ListClientTokenConversations.read_query({"flow_id": "x" * 129})
    assert [(detail.path, detail.code) for detail in caught.value.details] == [("flow_id", "out_of_range")]
