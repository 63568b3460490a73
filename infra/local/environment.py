"""One execution environment of a function: a process of its own, fed through Lambda's Runtime API on loopback."""

from __future__ import annotations

import hmac
import json
import queue
import re
import secrets
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast

from infra.local import loopback
from infra.local.api import InvocationFailed
from infra.local.terminal import harmless

# Lambda's own limits.
_INIT_SECONDS = 10.0
_ANSWER_MAX = 6 * 1024 * 1024

_RUNTIME = "/2018-06-01/runtime"
_OUTCOME = re.compile(rf"{_RUNTIME}/invocation/(?P<id>[^/]+)/(?P<kind>response|error)")


@dataclass(frozen=True, slots=True)
class _Event:
    """`deadline`: seconds since 1970."""

    id: str
    arn: str
    deadline: float
    body: bytes


@dataclass(frozen=True, slots=True)
class _Ready:
    """The function has started and asks for its first event."""


@dataclass(frozen=True, slots=True)
class _Answered:
    body: bytes


@dataclass(frozen=True, slots=True)
class _Failed:
    """`why` as Lambda puts it."""

    why: str


class Environment:
    """Serves one event at a time. After InvocationFailed by a crash or a timeout, `is_alive` is false."""

    def __init__(
        self,
        command: list[str],
        variables: Mapping[str, str],
        directory: Path,
        arn: str,
        log: Callable[[str], None],
    ) -> None:
        self._arn = arn
        self._log = log
        self._outcomes: queue.SimpleQueue[_Ready | _Answered | _Failed] = queue.SimpleQueue()
        self._api = _RuntimeApi(self._outcomes)
        # A session of its own: Ctrl-C in the terminal is for the stack, which then stops its functions in order.
        self._process = subprocess.Popen(  # noqa: S603 - the command is our own
            command,
            cwd=directory,
            env=dict(variables) | {"AWS_LAMBDA_RUNTIME_API": f"{self._api.address}{self._api.path}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        self._is_ready = False

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def invoke(self, event: dict[str, Any], timeout: float) -> Any:
        """The function's answer. `timeout`: seconds from the moment it has started. Raises InvocationFailed."""
        self.start_up()
        self._api.events.put(_Event(str(uuid.uuid4()), self._arn, time.time() + timeout, json.dumps(event).encode()))
        outcome = self._await(timeout)
        return json.loads(cast("_Answered", outcome).body)

    def start_up(self) -> None:
        """Waits until the function has started and asks for its first event. Raises InvocationFailed."""
        if self._is_ready:
            return
        try:
            self._await(_INIT_SECONDS)
        except InvocationFailed:
            # It may still be on its way out, and must not be taken for one that lives.
            self._kill()
            raise
        self._is_ready = True

    def stop(self) -> None:
        """Ends the process as Lambda does, without a word."""
        self._kill()
        self._watcher.join()
        self._api.events.put(None)
        self._api.stop()

    def _await(self, seconds: float) -> _Ready | _Answered:
        try:
            outcome = self._outcomes.get(timeout=seconds)
        except queue.Empty:
            self._kill()
            raise InvocationFailed(f"Task timed out after {seconds:.2f} seconds") from None
        if isinstance(outcome, _Failed):
            raise InvocationFailed(outcome.why)
        return outcome

    def _kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _watch(self) -> None:
        """What the function prints, line by line, and at last how it ended."""
        with cast("Any", self._process.stdout) as lines:
            for line in lines:
                # The runtime client writes a traceback as one record: carriage returns, and spaces that do not break.
                for part in line.decode(errors="replace").rstrip().replace("\xa0", " ").split("\r"):
                    self._log(harmless(part))
        self._outcomes.put(_Failed(f"Runtime exited with status {self._process.wait()}"))


class _RuntimeApi(loopback.Server):
    """The four calls of https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, for one process.

    Events hold credentials and messages: only the process that was told `path` may ask for them.
    """

    def __init__(self, outcomes: queue.SimpleQueue[_Ready | _Answered | _Failed]) -> None:
        self.path = f"/{secrets.token_urlsafe(16)}"
        self.outcomes = outcomes
        self.events: queue.SimpleQueue[_Event | None] = queue.SimpleQueue()
        self.has_started = False
        super().__init__(_RuntimeHandler)


class _RuntimeHandler(loopback.Handler):
    server: _RuntimeApi

    def do_GET(self) -> None:  # noqa: N802 - http.server's name for it
        if self._call() != f"{_RUNTIME}/invocation/next":
            self.answer(HTTPStatus.NOT_FOUND)
            return
        if not self.server.has_started:
            self.server.has_started = True
            self.server.outcomes.put(_Ready())
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
            self.server.outcomes.put(_Failed(_told(self.body())))
        elif found := _OUTCOME.fullmatch(call):
            self.server.outcomes.put(_outcome(found["kind"], self.body()))
        else:
            # What it sends is not even read.
            self.close_connection = True
            self.answer(HTTPStatus.NOT_FOUND)
            return
        self.answer(HTTPStatus.ACCEPTED, {"Content-Type": "application/json"}, b'{"status":"OK"}')

    def _call(self) -> str:
        """What the function calls; empty for anybody else, such as a website that made a browser send this."""
        is_from_a_page = "Origin" in self.headers or "Sec-Fetch-Site" in self.headers
        if is_from_a_page or self.headers.get_all("Host") != [self.server.address]:
            return ""
        secret, call = self.path[: len(self.server.path)], self.path[len(self.server.path) :]
        return call if hmac.compare_digest(secret.encode(), self.server.path.encode()) else ""


def _outcome(kind: str, body: bytes) -> _Answered | _Failed:
    if kind == "error":
        return _Failed(_told(body))
    if len(body) > _ANSWER_MAX:
        return _Failed(f"Response payload size exceeded maximum allowed payload size ({_ANSWER_MAX} bytes).")
    return _Answered(body)


def _told(body: bytes) -> str:
    error = json.loads(body)
    return harmless(f"{error['errorType']}: {error['errorMessage']}")
