"""Whatever a target does, a page gets a response with a status, or a stream with exactly one end event, its last."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import TargetFailed, TargetTimedOut, Unavailable
from shared.gateway.streaming import EventStream, browser_stream
from shared.rules.answer import Ending
from shared.wire.chat_events import ChatEvents
from tests.gateway.test_streaming import EVENT

AT = datetime(2026, 11, 26, tzinfo=UTC)
ENDS = {"execution_complete", "execution_error"}
FAULTS = [KeyError("what a visitor wrote"), RecursionError("what a visitor wrote")]
ERRORS = [TargetFailed(), TargetTimedOut(), Unavailable(), *FAULTS]


@pytest.fixture(scope="module", autouse=True)
def _variables():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLIENT_ADDRESS_HEADER", "")
        patch.setenv("POWERTOOLS_METRICS_NAMESPACE", "test")
        yield


def served(texts, error):
    """The head and the parts of a response whose target says `texts`, then fails or ends."""
    now = iter(range(10**9))

    def said():
        yield from texts
        if error:
            raise error
        yield Ending()

    @browser_stream(body_max=64)
    def handler(request, _seconds_left):
        events = ChatEvents("exec_1", "agent_1", started_at=request.at, clock=lambda: next(now))
        return EventStream(events.stream(said()), events.failed)

    context = SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: 1000)
    head, parts = handler(EVENT, context)
    return head, b"".join(parts)


@given(
    st.lists(st.text(max_size=4), max_size=8),
    st.sampled_from([None, *ERRORS]),
)
def test_stream_has_one_end_event_and_an_error_has_a_status(texts, error):
    head, body = served(texts, error)
    if head["statusCode"] != 200:
        assert error
        assert not any(texts)
        assert json.loads(body)["requestId"] == "request-1"
        return
    frames = [json.loads(frame.split("\ndata: ")[1]) for frame in body.decode().removesuffix("\n\n").split("\n\n")]
    assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
    assert [frame["type"] for frame in frames if frame["type"] in ENDS] == [frames[-1]["type"]]
    assert (frames[-1]["type"] == "execution_error") == bool(error)
    shown = "".join(frame["delta"] for frame in frames if frame["type"] == "text_delta")
    # Not a word is lost, whenever it fails.
    assert shown.startswith("".join(texts))
    assert (shown == "".join(texts)) == (not error)
    assert "visitor" not in shown
