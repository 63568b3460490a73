"""Paths match as API Gateway matches them."""

import pytest

from tests.local.conftest import ROUTES


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/open/1", {"id": "1"}),
        ("/open/1/", {"id": "1"}),
        ("/open/a%2Fb", {"id": "a%2Fb"}),
        ("/open/%7Bid%7D", {"id": "%7Bid%7D"}),
        ("/open", None),
        ("/open//", None),
        ("/open/1/2", None),
        ("/OPEN/1", None),
        ("open/1", None),
        ("", None),
    ],
)
def test_path_parameter_matches_one_whole_segment(path, parameters):
    matched = ROUTES.match("POST", path)
    assert (matched and matched[1]) == parameters


def test_path_without_the_method_or_any_does_not_match():
    assert ROUTES.match("GET", "/open/1") is None
