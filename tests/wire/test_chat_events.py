"""The stream of an answer: what the widget and the SDK read, and an end event whatever happens."""

import itertools
import json
from datetime import UTC, datetime
from threading import Event

import pytest

from shared.errors import TargetFailed
from shared.rules.answer import Ending, SuggestedReply
from shared.wire.chat_events import ChatEvents

AT = datetime(2026, 11, 26, tzinfo=UTC)
WITHIN_SECONDS = 20
ENDS = {"execution_complete", "execution_error"}


def said(*texts, stop_reason="end_turn", error=None):
    yield from texts
    if error:
        raise error
    yield Ending(stop_reason=stop_reason)


def events_of():
    seconds = itertools.count()
    return ChatEvents("exec_1", "agent_1", started_at=AT, clock=lambda: next(seconds))


def parsed(text):
    """The events of a stream; every one is whole."""
    assert text.endswith("\n\n")
    found = []
    for frame in text.removesuffix("\n\n").split("\n\n"):
        first, second = frame.split("\n")
        data = json.loads(second.removeprefix("data: "))
        assert first == f"event: {data['type']}"
        found.append(data)
    return found


def failed_after(*texts):
    events, error = events_of(), TargetFailed()
    sent = []
    with pytest.raises(TargetFailed):
        sent.extend(events.stream(said(*texts, error=error)))
    return parsed("".join(sent) + events.failed(error))


def test_answer_has_the_sequence_of_the_contract():
    was_sent = Event()

    def said_in_two():
        yield "Hello"
        assert was_sent.wait(WITHIN_SECONDS)
        yield from said(" there")

    parts = []
    for part in events_of().stream(said_in_two()):
        parts.append(part)
        was_sent.set()
    found = parsed("".join(parts))
    assert [one["type"] for one in found] == [
        "execution_start", "turn_start", "text_start", "text_delta", "text_delta", "text_complete", "turn_complete",
        "execution_complete",
    ]  # fmt: skip
    assert [one["seq"] for one in found] == list(range(1, 9))
    assert {one["executionId"] for one in found} == {"exec_1"}
    assert [one["delta"] for one in found if one["type"] == "text_delta"] == ["Hello", " there"]
    assert found[5]["text"] == "Hello there"


def test_nothing_is_sent_before_the_first_text():
    def raises():
        raise TargetFailed
        yield ""

    with pytest.raises(TargetFailed):
        next(events_of().stream(raises()))


def test_first_part_has_the_first_word():
    assert parsed(next(events_of().stream(said("Hello"))))[-1]["delta"] == "Hello"


@pytest.mark.parametrize("stop_reason", ["end_turn", "length", "content_filter", "max_tool_calls"])
def test_stop_reason_reaches_the_widget(stop_reason):
    found = parsed("".join(events_of().stream(said("Hello", stop_reason=stop_reason))))
    assert found[-2]["stopReason"] == stop_reason


def test_empty_answer_still_has_a_bubble_and_an_end():
    found = parsed("".join(events_of().stream(said())))
    assert [one["delta"] for one in found if one["type"] == "text_delta"] == [""]
    assert found[-1]["type"] == "execution_complete"


def test_failure_is_a_visible_sentence_and_one_end_event():
    found = failed_after("Hello")
    assert [one["delta"] for one in found if one["type"] == "text_delta"] == ["Hello", f"\n\n{TargetFailed.message}"]
    assert [one["type"] for one in found if one["type"] in ENDS] == ["execution_error"]
    assert found[-1]["error"] == {"code": "target_failed", "message": TargetFailed.message}
    assert found[-2]["text"] == f"Hello\n\n{TargetFailed.message}"
    assert [one["seq"] for one in found] == list(range(1, len(found) + 1))


@pytest.mark.parametrize("text", ["a\nb\r\n\r\nevent: x\ndata: {}\n\n", "\u2028\x00\x85", "\ud83c", "é 🍵"])
def test_text_cannot_break_the_framing(text):
    found = parsed("".join(events_of().stream(said(text, text))))
    assert "".join(one["delta"] for one in found if one["type"] == "text_delta") == text + text
    assert "".join(events_of().stream(said(text))).isascii()


def test_last_event_does_not_wait_for_what_follows_the_ending():
    is_complete = Event()

    def settled_late():
        yield from said("Hello")
        assert is_complete.wait(WITHIN_SECONDS)
        raise TargetFailed

    events = events_of()
    parts = events.stream(settled_late())
    sent = [next(parts), next(parts)]
    assert parsed("".join(sent))[-1]["type"] == "execution_complete"
    is_complete.set()
    with pytest.raises(TargetFailed):
        next(parts)
    # An answer that is complete does not fail any more.
    assert events.failed(TargetFailed()) == ""


def test_suggestions_come_between_the_text_and_the_end():
    suggestions = (SuggestedReply(label="Tea"), SuggestedReply(label="Order", prompt="I order.", description="Now"))

    def suggested():
        yield "Hello"
        yield Ending(suggestions=suggestions)

    found = parsed("".join(events_of().stream(suggested())))
    assert [one["type"] for one in found][-5:] == [
        "text_complete", "tool_start", "tool_complete", "turn_complete", "execution_complete",
    ]  # fmt: skip
    start, complete = found[-4:-2]
    assert (start["toolName"], start["toolType"], complete["success"]) == ("suggest_replies", "local", True)
    assert start["toolCallId"] == complete["toolCallId"]
    assert start["parameters"] == {
        "suggestions": [{"label": "Tea"}, {"label": "Order", "prompt": "I order.", "description": "Now"}]
    }


def test_suggestions_of_two_answers_have_different_ids():
    """The widget keeps a row per id."""

    def call_id(execution_id):
        events = ChatEvents(execution_id, "agent_1", started_at=AT, clock=lambda: 0)
        pieces = iter(["Hello", Ending(suggestions=(SuggestedReply(label="Tea"),))])
        return next(one for one in parsed("".join(events.stream(pieces))) if one["type"] == "tool_start")["toolCallId"]

    assert call_id("exec_1") != call_id("exec_2")
