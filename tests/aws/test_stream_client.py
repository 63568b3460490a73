"""Event streams of AWS over real sockets: what our client sends, what it keeps, and when it gives up."""

import time

import pytest

from shared.aws import stream_client
from shared.aws.client import AwsErrorResponse, TimedOut, Unreachable
from shared.aws.stream_client import StreamClient
from tests.aws.event_stream import event, exception, message
from tests.aws.test_client import aws, close  # noqa: F401 - a fixture

EVENTS = event("PayloadChunk", b"Yes.") + event("InvokeComplete", {})
PATH = "/2021-11-15/functions/assistant/response-streaming-invocations"


@pytest.fixture
def stream(aws):  # noqa: F811 - the fixture
    client = StreamClient("lambda")
    yield lambda seconds_left=lambda: 5.0: client.stream(
        "InvokeWithResponseStream", PATH, b"{}", {"X-Amz-Invocation-Type": "RequestResponse"}, seconds_left
    )
    close(client)


def test_request_is_signed_and_its_connection_is_reused(aws, stream):  # noqa: F811
    """The server checks each signature with botocore's signer."""
    aws.answers = [(200, EVENTS)] * 3
    for _ in range(3):
        assert [one.payload for one in stream()] == [b"Yes.", b"{}"]
    assert len({address for *_, address in aws.asked}) == 1
    assert aws.asked[0][1]["X-Amz-Security-Token"] == "local"


@pytest.mark.parametrize(("seconds", "connections"), [(49, 1), (50, 2)])
def test_connection_that_was_idle_for_long_is_replaced(aws, stream, monkeypatch, seconds, connections):  # noqa: F811
    aws.answers = [(200, EVENTS)] * 2
    list(stream())
    later = time.time() + seconds
    monkeypatch.setattr(time, "time", lambda: later)
    list(stream())
    assert len({address for *_, address in aws.asked}) == connections


def test_connection_of_an_abandoned_stream_is_closed(aws, stream):  # noqa: F811
    aws.answers = [(200, EVENTS)] * 2
    events = stream()
    next(events)
    events.close()
    assert len(list(stream())) == 2
    assert len({address for *_, address in aws.asked}) == 2


def test_nothing_is_sent_after_the_deadline(aws, stream):  # noqa: F811
    with pytest.raises(TimedOut):
        next(stream(lambda: 0.0))
    assert aws.asked == []


def test_silence_ends_at_the_deadline_and_is_not_retried(aws, stream):  # noqa: F811
    aws.answers = [("silent", None)]
    with pytest.raises(TimedOut):
        next(stream(lambda: 0.2))
    assert len(aws.asked) == 1


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (429, {"__type": "TooManyRequestsException"}, "TooManyRequestsException"),
        (500, b"<html>", "500"),
        (200, exception("throttlingException"), "throttlingException"),
        (200, message(b"", message_type="error", error_code="InternalError", error_message="x"), "InternalError"),
        (200, message(b"", message_type="later"), "later"),
        (200, message(b""), "None"),
    ],
)
def test_error_is_raised_with_its_code_and_not_retried(aws, stream, status, body, code):  # noqa: F811
    aws.answers = [(status, body)]
    with pytest.raises(AwsErrorResponse) as failed:
        list(stream())
    assert (failed.value.status, failed.value.code) == (status, code)
    assert len(aws.asked) == 1


@pytest.mark.parametrize("missing", [1, 20, 1000])
def test_stream_that_ends_early_is_unreachable(aws, stream, missing):  # noqa: F811
    aws.answers, aws.cut_off = [(200, EVENTS)], missing
    with pytest.raises(Unreachable):
        list(stream())


def test_broken_connection_is_unreachable_and_not_retried(aws, stream):  # noqa: F811
    aws.answers = [(None, None), (200, EVENTS)]
    with pytest.raises(Unreachable):
        list(stream())
    assert len(aws.asked) == 1


def test_stream_is_bounded(aws, stream, monkeypatch):  # noqa: F811
    monkeypatch.setattr(stream_client, "_STREAM_BYTES_MAX", len(EVENTS) - 1)
    aws.answers = [(200, EVENTS)]
    with pytest.raises(Unreachable, match="larger than"):
        list(stream())
