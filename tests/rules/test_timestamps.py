"""Timestamps: one text format, which sorts by time and keeps milliseconds."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules import timestamps

ANY_OFFSET = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)
TIMES = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=ANY_OFFSET)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 11, 24, 3, 25, 36, 123_000, tzinfo=UTC), "2026-11-24T03:25:36.123Z"),
        (datetime(2026, 11, 24, 3, 25, 36, 123_999, tzinfo=UTC), "2026-11-24T03:25:36.123Z"),
        (datetime(2026, 11, 24, 3, 25, tzinfo=UTC), "2026-11-24T03:25:00.000Z"),
        (datetime(2026, 11, 24, 3, 25, tzinfo=timezone(timedelta(hours=5, minutes=30))), "2026-11-23T21:55:00.000Z"),
    ],
)
def test_time_is_written_in_utc_to_the_millisecond(at, text):
    assert timestamps.to_text(at) == text


@given(TIMES, TIMES)
def test_times_sort_as_their_texts(one, other):
    if one <= other:
        assert timestamps.to_text(one) <= timestamps.to_text(other)
    else:
        assert timestamps.to_text(one) >= timestamps.to_text(other)


@given(TIMES)
def test_round_trip_loses_less_than_a_millisecond(at):
    read = timestamps.from_text(timestamps.to_text(at))
    assert read.utcoffset() == timedelta(0)
    assert timedelta(0) <= at - read < timedelta(milliseconds=1)
    assert timestamps.to_text(read) == timestamps.to_text(at)


@given(st.integers(0, 7_258_118_399_999))
def test_milliseconds_are_read_exactly_for_two_centuries(milliseconds):
    read = timestamps.from_milliseconds(milliseconds)
    assert read == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


OF_ANOTHER_FORM = [
    "",
    "2026-11-24",
    "2026-11-24T03:25:36.123",
    "2026-11-24T03:25:36Z",
    "2026-11-24T03:25:36.123456Z",
    "2026-11-24T03:25:36.123+00:00",
    "2026-11-24T03:25:36.123+14:00",
    "0001-01-01T00:00:00.000+14:00",
    "2026-11-24 03:25:36.123Z",
    "2026-11-24T03:25:36.123z",
    "2026-11-24T03:25:36,123Z",
    "20261124T032536.123Z",
    "2026-W48-2T03:25:36.123Z",
    "2026-11-24T03:25:36.123Z\n",
    "\u0662026-11-24T03:25:36.123Z",
    "2026-02-29T03:25:36.123Z",
    "2026-11-24T24:00:00.000Z",
    "0000-11-24T03:25:36.123Z",
]


@pytest.mark.parametrize("text", OF_ANOTHER_FORM)
def test_text_of_another_form_is_not_read(text):
    with pytest.raises(ValueError, match=r".*"):
        timestamps.from_text(text)
