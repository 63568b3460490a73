"""Cursors belong to one list, one caller, and one filter."""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidRequest
from shared.rules import cursor

SCOPE = ("tokens", "acme", None)
WRITTEN = cursor.encode("ct_1", *SCOPE)


@given(st.text(min_size=1, max_size=50), st.lists(st.none() | st.text()))
def test_a_cursor_holds_its_place(place, scope):
    assert cursor.decode(cursor.encode(place, *scope), *scope) == place


@pytest.mark.parametrize("other", [("tokens", "other", None), ("feedback", "acme", None), ("tokens", "acme", "x"), ()])
def test_cursor_of_another_scope_is_refused(other):
    with pytest.raises(InvalidRequest):
        cursor.decode(WRITTEN, *other)


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "x",
        "é",
        "=",
        "ct_1",
        WRITTEN[:-1],
        WRITTEN[1:],
        WRITTEN + "A",
        WRITTEN + "=",
        WRITTEN + "\n",
        f" {WRITTEN}",
        urlsafe_b64encode(b"ct_1").decode(),
        urlsafe_b64encode(b"\xff" * 30).decode(),
        "A" * 2000,
    ],
)
def test_broken_cursor_is_refused(broken):
    with pytest.raises(InvalidRequest) as caught:
        cursor.decode(broken, *SCOPE)
    assert caught.value.code == "invalid_cursor"


def test_cursor_has_a_maximum_length():
    """1,024 characters are 16 of the checksum and 752 of the position, in Base64."""
    longest, longer = (cursor.encode("x" * length, *SCOPE) for length in (752, 753))
    assert (len(longest), len(longer)) == (1024, 1026)
    assert cursor.decode(longest, *SCOPE) == "x" * 752
    with pytest.raises(InvalidRequest):
        cursor.decode(longer, *SCOPE)


@given(st.integers(0, len(WRITTEN) - 1), st.sampled_from("AZaz09-_"))
def test_any_altered_character_is_refused(place, character):
    altered = WRITTEN[:place] + character + WRITTEN[place + 1 :]
    if altered != WRITTEN:
        with pytest.raises(InvalidRequest):
            cursor.decode(altered, *SCOPE)
