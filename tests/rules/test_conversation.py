"""Where the index lists a conversation."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules import conversation

AT = datetime(2026, 11, 24, 3, 25, 36, 123_000, tzinfo=UTC)


@pytest.mark.parametrize(("minute", "listed"), [(0, 0), (9, 0), (10, 10), (25, 20), (59, 50)])
def test_conversation_is_listed_under_the_start_of_ten_minutes(minute, listed):
    assert conversation.listed_at(AT.replace(minute=minute)) == AT.replace(minute=listed, second=0, microsecond=0)


@given(
    st.datetimes(max_value=datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
    st.timedeltas(timedelta(0), timedelta(minutes=10)),
)
def test_conversation_moves_at_most_once_in_ten_minutes(at, later):
    moved = conversation.listed_at(at + later) - conversation.listed_at(at)
    assert moved in {timedelta(0), timedelta(minutes=10)}
    assert conversation.moves(at, at + later) == bool(moved)


def test_first_message_adds_its_conversation_to_the_index():
    assert conversation.moves(None, AT)
