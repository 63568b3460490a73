"""AWS on loopback: recorded once from moto, then replayed without delay, so that only the caller is measured."""

from __future__ import annotations

import http.client
import itertools
import json
import re
import struct
import threading
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from infra.local import loopback
from infra.tools.bench import units
from infra.tools.bench.units import Change, Item, Key

_SERVICES = {"DynamoDB_20120810": "dynamodb", "TrentService": "kms"}
_INVOKE = re.compile(r"/2021-11-15/functions/.+/response-streaming-invocations")
# The response of a target function: moto would need a container to run one.
_ANSWER = json.dumps({"text": "I am well, thank you."}).encode()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One AWS call and its response, as JSON, and the changes it made to the table."""

    service: str
    operation: str
    request: bytes
    status: int
    answer: bytes
    changes: tuple[Change, ...] = ()

    @property
    def size(self) -> int:
        """Bytes sent and received, without headers."""
        return len(self.request) + len(self.answer)

    def asked(self) -> dict[str, Any]:
        asked: dict[str, Any] = json.loads(self.request)
        return asked

    def answered(self) -> dict[str, Any]:
        answered: dict[str, Any] = json.loads(self.answer)
        return answered


Ask = Callable[[str, str, bytes, Mapping[str, str]], tuple[int, bytes]]
"""Service, operation, body and headers of a request -> status and body of the answer."""


class Aws(loopback.Server):
    """Serves from construction to `stop`, or to the end of a `with`.

    `ask` and `meanwhile` may be replaced at any time. `meanwhile`: a context that is held while a request is answered.
    """

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.meanwhile: Callable[[], AbstractContextManager[None]] = nullcontext
        super().__init__(_Handler)

    @property
    def endpoint(self) -> str:
        return f"http://{self.address}"

    def __exit__(self, *_: object) -> None:
        self.stop()


class Recorder:
    """Forwards calls to the AWS at `upstream`, and records each with its response. `peek` finds an item by its key."""

    def __init__(self, upstream: str, peek: Callable[[Key], Item | None]) -> None:
        self.exchanges: list[Exchange] = []
        self._upstream = urlsplit(upstream).netloc
        self._peek = peek
        self._one_at_a_time = threading.Lock()

    def ask(self, service: str, operation: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        with self._one_at_a_time:
            keys = units.written(operation, json.loads(body)) if service == "dynamodb" else []
            before = [self._peek(key) for key in keys]
            status, answer = self._pass_on(service, body, headers)
            after = [self._peek(key) for key in keys]
            changes = tuple(map(Change, before, after))
            self.exchanges.append(Exchange(service, operation, body, status, answer, changes))
            return status, answer

    def _pass_on(self, service: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        if service == "lambda":
            return 200, _event("PayloadChunk", _ANSWER) + _event("InvokeComplete", b"{}")
        upstream = http.client.HTTPConnection(self._upstream)
        try:
            upstream.request("POST", "/", body, {name: headers[name] for name in headers if name not in _HOP_BY_HOP})
            response = upstream.getresponse()
            return response.status, response.read()
        finally:
            upstream.close()


def _event(kind: str, payload: bytes) -> bytes:
    """An event of Lambda's response stream, https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html."""
    named = {":message-type": "event", ":event-type": kind}
    headers = b"".join(
        struct.pack(f">B{len(name)}sBH{len(value)}s", len(name), name.encode(), 7, len(value), value.encode())
        for name, value in named.items()
    )
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


_HOP_BY_HOP = {"Host", "Content-Length", "Connection"}


class Replayer:
    """Replays the recorded responses: the n-th call of an operation gets its n-th response, and so on in a loop."""

    def __init__(self, exchanges: Iterable[Exchange]) -> None:
        recorded: dict[str, list[Exchange]] = {}
        for exchange in exchanges:
            recorded.setdefault(exchange.operation, []).append(exchange)
        self._answers = {name: itertools.cycle(those) for name, those in recorded.items()}
        self._recorded, self._asked = sum(map(len, recorded.values())), 0
        self._one_at_a_time = threading.Lock()

    def ask(self, _service: str, operation: str, _body: bytes, _headers: Mapping[str, str]) -> tuple[int, bytes]:
        with self._one_at_a_time:
            self._asked += 1
            exchange = next(self._answers[operation])
        return exchange.status, exchange.answer

    def require_all(self, invocations: int) -> None:
        """Raises RuntimeError if there were fewer calls than these invocations make: one that fails early costs less.

        There may be more, because what a function writes depends on the time, which is not replayed.
        """
        if self._asked < (expected := self._recorded * invocations):
            raise RuntimeError(f"{self._asked} calls of AWS instead of {expected}: some invocations have failed")


class _Handler(loopback.Handler):
    server: Aws

    def do_POST(self) -> None:  # noqa: N802 - http.server's name for it
        body = self.body()
        if _INVOKE.fullmatch(self.path):
            service, operation = "lambda", "InvokeWithResponseStream"
        else:
            name, _, operation = self.headers["X-Amz-Target"].partition(".")
            service = _SERVICES[name]
        with self.server.meanwhile():
            status, answer = self.server.ask(service, operation, body, dict(self.headers.items()))
            headers = {"Content-Type": "application/x-amz-json-1.0"}
            if service == "dynamodb":
                # DynamoDB sends a checksum, and its clients check it.
                headers["x-amz-crc32"] = str(zlib.crc32(answer))
            self.answer(status, headers, answer)
