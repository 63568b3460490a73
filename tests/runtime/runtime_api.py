"""A Runtime API that behaves as documented, on loopback, and goes away where a test says so."""

import base64
import json
import queue
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field

BASE = "/2018-06-01/runtime"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:chat:live"
# Places at which the server may reset a connection.
NEXT, NEXT_BODY, RESPONSE_HEAD, FIRST_CHUNK, LATER_CHUNK, STATUS = (
    "next", "next's body", "response's head", "first chunk", "later chunk", "status"
)  # fmt: skip


class Reset(Exception):  # noqa: N818 - an outcome
    """The server goes away here."""


@dataclass
class Posted:
    """A POST as it arrives. `parts` gets each chunk and at last None."""

    call: str
    headers: dict[str, str]
    parts: queue.Queue = field(default_factory=queue.Queue)
    body: bytes = b""
    trailers: dict[str, str] = field(default_factory=dict)
    is_complete: bool = False

    def json(self):
        return json.loads(self.body)

    def prelude(self):
        head, delimiter, _ = self.body.partition(bytes(8))
        assert delimiter
        return json.loads(head)

    def streamed(self):
        return self.body.partition(bytes(8))[2]

    def error(self):
        return json.loads(base64.b64decode(self.trailers["lambda-runtime-function-error-body"]))


class RuntimeApi:
    """`reset_at`: places where the next call that gets there is cut off, each once. `statuses`: by call, sent once."""

    def __init__(self):
        self.gets = queue.Queue()
        self.posts = queue.Queue()
        self.events = queue.Queue()
        self.reset_at = set()
        self.statuses = {}
        self.connections = 0
        self._number = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def invoke(self, event, **headers):
        self._number += 1
        headers = {
            "Lambda-Runtime-Aws-Request-Id": f"request-{self._number}",
            "Lambda-Runtime-Deadline-Ms": "4102444800000",
            "Lambda-Runtime-Invoked-Function-Arn": ARN,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        self.events.put((headers, json.dumps(event).encode()))

    def stop(self):
        # Closing alone does not wake a thread that accepts.
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.events.put(None)

    def _accept(self):
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as reader:
            try:
                while line := reader.readline():
                    method, path, _ = line.decode().split()
                    headers = _headers(reader)
                    assert path.startswith(BASE), path
                    call = path.removeprefix(BASE)
                    handle = self._get if method == "GET" else self._post
                    handle(connection, reader, call, headers)
            except Reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                pass

    def _get(self, connection, reader, call, headers):
        self.gets.put(call)
        sent, body = {}, b""
        if call == "/invocation/next":
            # A process without an event waits, and so does this.
            found = self.events.get()
            if found is None:
                raise Reset
            sent, body = found
            self._maybe_reset(NEXT)
        is_cut = NEXT_BODY in self.reset_at
        self._answer(connection, call, 200, sent, body[: len(body) // 2] if is_cut else body, length=len(body))
        self._maybe_reset(NEXT_BODY)

    def _post(self, connection, reader, call, headers):
        posted = Posted(call, headers)
        self.posts.put(posted)
        is_response = call.endswith("/response")
        if is_response:
            self._maybe_reset(RESPONSE_HEAD)
        try:
            if headers.get("transfer-encoding") == "chunked":
                self._read_chunks(reader, posted)
            else:
                posted.body = reader.read(int(headers["content-length"]))
        finally:
            posted.parts.put(None)
        posted.is_complete = True
        if is_response:
            self._maybe_reset(STATUS)
        self._answer(connection, call, 202, {}, b'{"status":"OK"}')

    def _read_chunks(self, reader, posted):
        while size := int(_require(reader.readline()), 16):
            part = reader.read(size)
            assert _require(reader.read(2)) == b"\r\n"
            self._maybe_reset(LATER_CHUNK if posted.body else FIRST_CHUNK)
            posted.body += part
            posted.parts.put(part)
        posted.trailers = _headers(reader)

    def _answer(self, connection, call, status, headers, body, length=None):
        status = self.statuses.pop(call, status)
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if length is None else length}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + body)

    def _maybe_reset(self, place):
        if place in self.reset_at:
            self.reset_at.discard(place)
            raise Reset


def _require(found):
    """Raises ConnectionResetError where the process has died in the middle."""
    if not found:
        raise ConnectionResetError
    return found


def _headers(reader):
    found = {}
    while line := _require(reader.readline()).decode().rstrip("\r\n"):
        name, _, value = line.partition(": ")
        found[name.lower()] = value
    return found
