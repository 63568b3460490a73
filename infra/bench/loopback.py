"""AWS on loopback: once recorded from moto, then replayed at once, so that what is measured is the caller alone."""

from __future__ import annotations

import http.client
import itertools
import json
import re
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from infra.bench import units
from infra.bench.units import Change, Item, Key

_SERVICES = {"DynamoDB_20120810": "dynamodb", "TrentService": "kms"}
_INVOKE = re.compile(r"/2015-03-31/functions/.+/invocations")
# What a function that is a target answers: moto would want a container to run one.
_TARGETS_ANSWER = json.dumps({"text": "I am well, thank you."}).encode()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One AWS call and its answer, as JSON, and what it did to the table."""

    service: str
    operation: str
    request: bytes
    status: int
    answer: bytes
    changes: tuple[Change, ...] = ()

    @property
    def size(self) -> int:
        """Bytes there and back, headers apart."""
        return len(self.request) + len(self.answer)

    def asked(self) -> dict[str, Any]:
        asked: dict[str, Any] = json.loads(self.request)
        return asked

    def answered(self) -> dict[str, Any]:
        answered: dict[str, Any] = json.loads(self.answer)
        return answered


Ask = Callable[[str, str, bytes, Mapping[str, str]], tuple[int, bytes]]
"""Service, operation, body and headers of a request -> status and body of the answer."""


class Loopback(ThreadingHTTPServer):
    """Serves from construction to the end of a `with`."""

    daemon_threads = True
    # A hundred connections may wait where one process after another opens theirs.
    request_queue_size = 128

    def __init__(self, ask: Ask) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ask = ask
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class Recorder:
    """Passes calls on to the AWS at `upstream`, and keeps each with its answer. `peek` finds an item by its key."""

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
            return 200, _TARGETS_ANSWER
        upstream = http.client.HTTPConnection(self._upstream)
        try:
            upstream.request("POST", "/", body, {name: headers[name] for name in headers if name not in _HOP_BY_HOP})
            response = upstream.getresponse()
            return response.status, response.read()
        finally:
            upstream.close()


_HOP_BY_HOP = {"Host", "Content-Length", "Connection"}


class Replayer:
    """Answers as was recorded: the n-th call of an operation with its n-th answer, and again from the first."""

    def __init__(self, exchanges: Iterable[Exchange]) -> None:
        recorded: dict[str, list[Exchange]] = {}
        for exchange in exchanges:
            recorded.setdefault(exchange.operation, []).append(exchange)
        self._answers: dict[str, Iterator[Exchange]] = {name: itertools.cycle(those) for name, those in recorded.items()}
        self._one_at_a_time = threading.Lock()

    def ask(self, _service: str, operation: str, _body: bytes, _headers: Mapping[str, str]) -> tuple[int, bytes]:
        with self._one_at_a_time:
            exchange = next(self._answers[operation])
        return exchange.status, exchange.answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # As in the Runtime API of the local stack: without these two each call waits 40 ms for an acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Loopback

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if _INVOKE.fullmatch(self.path):
            service, operation = "lambda", "Invoke"
        else:
            name, _, operation = self.headers["X-Amz-Target"].partition(".")
            service = _SERVICES[name]
        status, answer = self.server.ask(service, operation, body, dict(self.headers.items()))
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(answer)))
        # DynamoDB sends a checksum, and its clients check it.
        if service == "dynamodb":
            self.send_header("x-amz-crc32", str(zlib.crc32(answer)))
        self.end_headers()
        self.wfile.write(answer)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Says nothing: a caller that got no answer tells of it."""
