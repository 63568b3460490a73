"""The list of a token's conversations: its query, and the fields of every entry."""

from datetime import UTC, datetime

import pytest

from shared.errors import Detail, InvalidRequest
from shared.rules.conversation import Conversation, Place
from shared.wire import conversations as responses
from shared.wire.listing import ListClientTokenConversations

AT = datetime(2026, 11, 24, 3, 25, 36, 123_000, tzinfo=UTC)


class TestQuery:
    @pytest.mark.parametrize(
        ("query", "asked"),
        [
            ({}, (50, 0, None)),
            ({"limit": "1"}, (1, 0, None)),
            ({"limit": "200", "offset": "999999999"}, (200, 999_999_999, None)),
            ({"offset": "0", "flow_id": "flow_1"}, (50, 0, "flow_1")),
        ],
        ids=str,
    )
    def test_query_defaults_to_the_first_fifty(self, query, asked):
        request = ListClientTokenConversations.read_query(query)
        assert (request.limit, request.offset, request.flow_id) == asked

    @pytest.mark.parametrize(
        ("name", "value", "code"),
        [
            ("limit", "0", "out_of_range"),
            ("limit", "201", "out_of_range"),
            ("limit", "-1", "out_of_range"),
            ("limit", "+1", "wrong_type"),
            ("limit", "1.0", "wrong_type"),
            ("limit", " 1", "wrong_type"),
            ("limit", "1\n", "wrong_type"),
            ("limit", "1_0", "wrong_type"),
            ("limit", "\u0661", "wrong_type"),
            ("limit", "", "wrong_type"),
            ("limit", "null", "wrong_type"),
            ("offset", "-1", "out_of_range"),
            ("offset", "--1", "wrong_type"),
            ("offset", "1e3", "wrong_type"),
            ("offset", "1" * 5000, "wrong_type"),
        ],
        ids=lambda value: value[:10],
    )
    def test_numbers_are_decimal_and_within_bounds(self, name, value, code):
        with pytest.raises(InvalidRequest) as caught:
            ListClientTokenConversations.read_query({name: value})
        assert [(detail.path, detail.code) for detail in caught.value.details] == [(name, code)]

    @pytest.mark.parametrize(
        ("name", "meant"), [("flowId", "flow_id"), ("flow", "flow_id"), ("Limit", "limit"), ("cursors", "cursor")]
    )
    def test_unknown_parameter_suggests_the_right_one(self, name, meant):
        """`flow_id` is the only name with an underscore, as in the documented API."""
        with pytest.raises(InvalidRequest) as caught:
            ListClientTokenConversations.read_query({name: "1"})
        assert caught.value.details == (Detail(name, "is not a known field", "unknown_field", meant),)


class TestAnswer:
    @pytest.mark.parametrize("first_message", ["Where is my parcel?", None])
    def test_response_has_every_key(self, first_message):
        conversation = Conversation(
            id="conv_1",
            token_id="ct_1",
            name="Conversation of 24 November",
            flow_id="",
            origin="https://app.example.com",
            message_count=2,
            first_message=first_message,
            created_at=AT,
            updated_at=AT,
        )
        page = ListClientTokenConversations.read_query({"limit": "1", "offset": "3"}).pagination(
            Place("2#conv_2"), "ct_1"
        )
        assert responses.listed([conversation], page, shows_text=True) == {
            "conversations": [
                {
                    "id": "conv_1",
                    "name": "Conversation of 24 November",
                    "flowId": "",
                    "origin": "https://app.example.com",
                    "messageCount": 2,
                    "firstMessage": first_message,
                    "createdAt": "2026-11-24T03:25:36.123Z",
                    "updatedAt": "2026-11-24T03:25:36.123Z",
                }
            ],
            "pagination": {"limit": 1, "offset": 3, "hasMore": True, "nextCursor": page["nextCursor"]},
        }

    def test_empty_list_has_its_pagination(self):
        page = ListClientTokenConversations.read_query({}).pagination(None, "ct_1")
        assert responses.listed([], page, shows_text=True) == {
            "conversations": [],
            "pagination": {"limit": 50, "offset": 0, "hasMore": False, "nextCursor": None},
        }
