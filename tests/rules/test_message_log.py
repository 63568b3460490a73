"""A session's log knows every message that it has accepted, in order, with its time."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.rules import message_log
from shared.rules.message_log import Entry

AT = datetime(2026, 11, 24, 3, 25, 36, 123_000, tzinfo=UTC)


def log_of(ids):
    log = ""
    for number, message_id in enumerate(ids):
        log = message_log.append(log, message_id, AT + number * timedelta(milliseconds=2))
    return log


@given(st.lists(st.text(max_size=20), unique=True, max_size=20))
def test_every_message_is_found_with_its_number_and_time(ids):
    log = log_of(ids)
    expected = [Entry(number + 1, AT + number * timedelta(milliseconds=2)) for number in range(len(ids))]
    assert [message_log.find(log, message_id) for message_id in ids] == expected
    assert message_log.last(log) == (expected[-1] if expected else None)
    assert message_log.length(log) == len(ids)


@given(st.lists(st.text(max_size=20), unique=True, max_size=20))
def test_other_messages_are_not_found(ids):
    assert message_log.find(log_of(ids), "another, which is longer than any of these") is None


def test_digest_is_not_found_across_two_entries():
    """Only where an entry begins, although every character may be in a digest and in a time."""
    log = log_of(["a", "b", "c"])
    for start in range(1, 13):
        inner = log[start:] + log[:start]
        assert message_log.find(inner, "b") != message_log.find(log, "b")


def test_a_message_takes_thirteen_characters():
    """So fifty messages fit in one write unit, with the rest of a session."""
    assert len(log_of([str(number) for number in range(50)])) == 650


def test_stored_digests_stay_the_same_after_a_deployment():
    """Otherwise a message that was sent before it is paid for again."""
    assert message_log.short_digest("usr_1") == "qKZxNx"
