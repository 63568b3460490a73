"""Lambda's Runtime API for one process: what a function asks for, and what it answers, in one piece or as it comes."""

from __future__ import annotations

import base64
import hmac
import json
import queue
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from http.client import parse_headers

from infra.local import loopback
from infra.local.terminal import harmless

# Lambda's limit for a response that is not streamed.
_ANSWER_MAX = 6 * 1024 * 1024

_RUNTIME = "/2018-06-01/runtime"
_OUTCOME = re.compile(rf"{_RUNTIME}/invocation/(?P<id>[^/]+)/(?P<kind>response|error)")


@dataclass(frozen=True, slots=True)
class Event:
    """`deadline`: seconds since 1970."""

    id: str
    arn: str
    deadline: float
    body: bytes


@dataclass(frozen=True, slots=True)
class Ready:
    """The function has started and asks for its first event."""


@dataclass(frozen=True, slots=True)
class Part:
    """Of a response; all of it where the function does not stream."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """The response is complete."""


@dataclass(frozen=True, slots=True)
class Failed:
    """`why` as Lambda puts it."""

    why: str


Outcome = Ready | Part | Ended | Failed


class RuntimeApi(loopback.Server):
    """The four calls of https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, for one process.

    Events hold credentials and messages: only the process that knows `path` may ask for them.
    """

    def __init__(self, outcomes: queue.SimpleQueue[Outcome]) -> None:
        self.path = f"/{secrets.token_urlsafe(16)}"
        self.outcomes = outcomes
        self.events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self.has_started = False
        super().__init__(_RuntimeHandler)


class _RuntimeHandler(loopback.Handler):
    server: RuntimeApi

    def do_GET(self) -> None:  # noqa: N802 - http.server's name for it
        if self._call() != f"{_RUNTIME}/invocation/next":
            self.answer(HTTPStatus.NOT_FOUND)
            return
        if not self.server.has_started:
            self.server.has_started = True
            self.server.outcomes.put(Ready())
        event = self.server.events.get()
        if event is None:
            self.close_connection = True
            return
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": event.id,
            "Lambda-Runtime-Deadline-Ms": str(int(event.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": event.arn,
        }
        self.answer(HTTPStatus.OK, headers, event.body)

    def do_POST(self) -> None:  # noqa: N802
        call = self._call()
        if call == f"{_RUNTIME}/init/error":
            self.server.outcomes.put(Failed(_error_text(self.body())))
        elif found := _OUTCOME.fullmatch(call):
            is_stream = self.headers["Lambda-Runtime-Function-Response-Mode"] == "streaming"
            for outcome in self._streamed() if is_stream else _outcomes(found["kind"], self.body()):
                self.server.outcomes.put(outcome)
        else:
            # Its body is not read.
            self.close_connection = True
            self.answer(HTTPStatus.NOT_FOUND)
            return
        self.answer(HTTPStatus.ACCEPTED, {"Content-Type": "application/json"}, b'{"status":"OK"}')

    def _streamed(self) -> Iterator[Outcome]:
        """Chunks as they come. Raises ConnectionResetError where the process has died in the middle."""
        while size := int(self._line(), 16):
            # The line break after a chunk belongs to it.
            part = self.rfile.read(size + 2)
            if len(part) < size + 2:
                raise ConnectionResetError
            yield Part(part[:size])
        yield _ending(parse_headers(self.rfile))

    def _line(self) -> bytes:
        line = self.rfile.readline()
        if not line:
            raise ConnectionResetError
        return line

    def _call(self) -> str:
        """What the function calls; empty for anybody else, such as a website that made a browser send this."""
        is_from_a_page = "Origin" in self.headers or "Sec-Fetch-Site" in self.headers
        if is_from_a_page or self.headers.get_all("Host") != [self.server.address]:
            return ""
        secret, call = self.path[: len(self.server.path)], self.path[len(self.server.path) :]
        return call if hmac.compare_digest(secret.encode(), self.server.path.encode()) else ""


def _outcomes(kind: str, body: bytes) -> list[Outcome]:
    if kind == "error":
        return [Failed(_error_text(body))]
    if len(body) > _ANSWER_MAX:
        return [Failed(f"Response payload size exceeded maximum allowed payload size ({_ANSWER_MAX} bytes).")]
    return [Part(body), Ended()]


def _error_text(body: bytes) -> str:
    error = json.loads(body)
    return harmless(f"{error['errorType']}: {error['errorMessage']}")


def _ending(trailers: Message) -> Outcome:
    error = trailers["Lambda-Runtime-Function-Error-Body"]
    return Ended() if error is None else Failed(_error_text(base64.b64decode(error)))
