"""A handler behind the gateway's decorator, under the runtime client: what a page gets, and what is logged."""

import json
import os

import pytest

from tests.runtime.conftest import got, whole
from tests.runtime.runtime_api import LATER_CHUNK

HANDLER = '''
"""A handler whose target reads its words from a pipe."""

import time
from shared import errors, log
from shared.gateway.streaming import EventStream, browser_stream
from shared.rules.answer import Ending
from shared.wire.chat_events import ChatEvents


def said(path):
    with open(path) as lines:
        for line in lines:
            if line.startswith("raise "):
                raise getattr(errors, line.split()[1])
            yield line
    log.count("Stored")
    yield Ending()


@browser_stream(body_max=1000)
def handler(request, seconds_left):
    if request.body is None:
        raise errors.TooManyRequests(retry_after=7)
    events = ChatEvents("exec_1", "agent_1", started_at=request.at, clock=time.monotonic)
    return EventStream(events.stream(said(request.body)), events.failed)
'''
VARIABLES = {"_HANDLER": "streaming_chat.handler", "CLIENT_ADDRESS_HEADER": "", "POWERTOOLS_METRICS_NAMESPACE": "test"}


@pytest.fixture
def pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@pytest.fixture
def begin(start, runtime_api, tmp_path):
    """Starts the handler and sends it a request with this body."""

    def begin(body):
        (tmp_path / "task/streaming_chat.py").write_text(HANDLER, encoding="utf-8")
        function = start("", **VARIABLES)
        context = {"extendedRequestId": "r-1", "requestTimeEpoch": 1, "identity": {"sourceIp": "192.0.2.1"}}
        runtime_api.invoke({"multiValueHeaders": {}, "requestContext": context, "body": body})
        return function

    return begin


def kinds(body):
    return [line.removeprefix("event: ") for line in body.decode().splitlines() if line.startswith("event: ")]


def test_each_word_is_a_frame_that_arrives_before_the_next(begin, runtime_api, pipe):
    begin(str(pipe))
    with pipe.open("wb", buffering=0) as words:
        words.write(b"one\n")
        posted = got(runtime_api.posts)
        assert b'"delta": "one\\n"' in got(posted.parts)
        words.write(b"two\n")
        assert kinds(got(posted.parts)) == ["text_delta"]
    assert kinds(got(posted.parts)) == ["text_complete", "turn_complete", "execution_complete"]
    assert got(posted.parts) is None


def test_error_before_the_first_word_keeps_its_status(begin, runtime_api):
    begin(None)
    posted = whole(runtime_api)
    assert posted.prelude()["statusCode"] == 429
    assert posted.prelude()["headers"]["Retry-After"] == "7"
    assert json.loads(posted.streamed())["code"] == "rate_limited"


@pytest.mark.parametrize(("error", "code"), [("TargetTimedOut", "target_timed_out"), ("NoSuch", "internal_error")])
def test_failure_in_the_middle_is_an_event_and_a_clean_end(begin, runtime_api, pipe, error, code):
    function = begin(str(pipe))
    with pipe.open("wb", buffering=0) as words:
        words.write(b"one\n")
        posted = got(runtime_api.posts)
        got(posted.parts)
        words.write(f"raise {error}\n".encode())
        while got(posted.parts) is not None:
            pass
    assert kinds(posted.streamed())[-1] == "execution_error"
    assert posted.trailers == {}
    runtime_api.events.put(None)
    (line,) = [line for line in function.printed().splitlines() if '"message":"answered"' in line]
    logged = json.loads(line)
    assert (logged["status"], logged["code"]) == (200, code)
    assert 0 <= logged["first_byte_milliseconds"] <= logged["milliseconds"]


def test_answer_is_stored_and_logged_after_the_client_leaves(begin, runtime_api, pipe):
    function = begin(str(pipe))
    runtime_api.reset_at.add(LATER_CHUNK)
    with pipe.open("wb", buffering=0) as words:
        words.write(b"one\n")
        posted = got(runtime_api.posts)
        got(posted.parts)
        for _ in range(50):
            words.write(b"more\n")
    runtime_api.events.put(None)
    printed = function.printed()
    assert '"Stored":' in printed
    assert '"message":"answered"' in printed
