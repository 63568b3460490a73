"""The decorator of handlers that stream: a status before the first part, events after it, one log line at the end."""

import io
import json
from types import SimpleNamespace

import pytest

from shared import log
from shared.errors import TargetFailed, TooManyRequests, Unavailable
from shared.gateway.streaming import EventStream, browser_stream

EVENT = {
    "multiValueHeaders": {"origin": ["https://app.example.com"]},
    "requestContext": {
        "extendedRequestId": "request-1", "requestTimeEpoch": 1_795_000_000_000, "identity": {"sourceIp": "192.0.2.1"},
    },
    "body": "{}",
}  # fmt: skip
CONTEXT = SimpleNamespace(aws_request_id="lambda-1", get_remaining_time_in_millis=lambda: 25_000)


@pytest.fixture(autouse=True)
def variables(monkeypatch):
    monkeypatch.setenv("CLIENT_ADDRESS_HEADER", "")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "test")


@pytest.fixture
def answer():
    """Calls a handler whose stream is made of these steps: texts, and errors to raise."""

    def call(*steps, event=EVENT):
        @browser_stream(body_max=64)
        def handler(request, _seconds_left):
            log.bind(tenant="acme", token_id="ct_1")
            request.headers["RateLimit-Remaining"] = "3"
            return EventStream(stream(steps), lambda error: f"failed: {error.code}")

        return handler(event, CONTEXT)

    return call


def stream(steps):
    for step in steps:
        if isinstance(step, Exception):
            raise step
        yield step


@pytest.fixture
def lines():
    """What has been logged, by message."""
    written = io.StringIO()
    previous = log._logger.handlers[0].setStream(written)
    yield lambda: {line["message"]: line for line in map(json.loads, written.getvalue().splitlines())}
    log._logger.handlers[0].setStream(previous)


def test_parts_are_passed_on_as_they_arrive(answer):
    head, parts = answer("one", "two é")
    assert head["statusCode"] == 200
    assert head["headers"]["Content-Type"] == "text/event-stream; charset=utf-8"
    assert list(parts) == [b"one", "two é".encode()]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (TooManyRequests(retry_after=7), 429, "rate_limited"),
        (TargetFailed(), 502, "target_failed"),
        (Unavailable(), 503, "unavailable"),
        (KeyError("what a visitor wrote"), 500, "internal_error"),
    ],
)
def test_failure_before_the_first_part_is_a_response_with_its_status(answer, lines, error, status, code):
    head, parts = answer(error)
    (body,) = [json.loads(part) for part in parts]
    assert (head["statusCode"], body["code"], body["requestId"]) == (status, code, "request-1")
    assert head["headers"]["Content-Type"] == "application/json"
    line = lines()["answered"]
    assert (line["status"], line["code"], line["origin"]) == (status, code, "https://app.example.com")
    assert "first_byte_milliseconds" not in line


def test_refused_request_keeps_its_retry_and_rate_headers(answer):
    head, _ = answer(TooManyRequests(retry_after=7))
    assert head["headers"]["Retry-After"] == "7"
    assert head["headers"]["RateLimit-Remaining"] == "3"


def test_413_body_is_too_large(answer):
    head, _ = answer("one", event=EVENT | {"body": "x" * 65})
    assert head["statusCode"] == 413


def test_stream_has_the_rate_headers(answer):
    head, _ = answer("one")
    assert head["headers"]["RateLimit-Remaining"] == "3"
    assert head["headers"]["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("error", "code"), [(TargetFailed(), "target_failed"), (KeyError("what a visitor wrote"), "internal_error")]
)
def test_failure_after_the_first_part_is_the_last_part(answer, lines, error, code):
    head, parts = answer("one", error, "never")
    assert head["statusCode"] == 200
    assert list(parts) == [b"one", f"failed: {code}".encode()]
    line = lines()["answered"]
    assert (line["status"], line["code"]) == (200, code)


def test_fault_in_the_middle_is_logged_without_its_message(answer, lines):
    list(answer("one", KeyError("what a visitor wrote"))[1])
    found = lines()
    assert found["fault"]["error"] == "KeyError"
    assert "visitor" not in json.dumps(found)


def test_answered_is_logged_once_the_stream_has_ended(answer, lines):
    _, parts = answer("one", "two")
    assert (next(parts), next(parts)) == (b"one", b"two")
    assert "answered" not in lines()
    assert list(parts) == []
    line = lines()["answered"]
    assert 0 <= line["first_byte_milliseconds"] <= line["milliseconds"]
    assert (line["status"], line["tenant"], line["token_id"]) == (200, "acme", "ct_1")
    assert "code" not in line


def test_milliseconds_are_logged(answer, lines, monkeypatch):
    times = iter([5.0, 5.25, 15.0])
    monkeypatch.setattr("shared.gateway.exchange.time.perf_counter", lambda: next(times))
    list(answer("one")[1])
    line = lines()["answered"]
    assert (line["first_byte_milliseconds"], line["milliseconds"]) == (250, 10_000)


def test_handler_gets_the_seconds_until_lambda_ends_it():
    @browser_stream(body_max=64)
    def handler(_request, seconds_left):
        return EventStream(iter([str(seconds_left())]), str)

    _, parts = handler(EVENT, CONTEXT)
    assert list(parts) == [b"25.0"]
