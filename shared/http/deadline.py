"""Reads a response within a deadline, however slowly it arrives, and up to a size."""

from __future__ import annotations

import contextlib
import io
import socket
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse

# Seconds until the caller gives up. Lambda's context counts down in the same way.
SecondsLeft = Callable[[], float]

_READ_BYTES = 64 * 1024
_FINISH_SECONDS = 0.1


class _TimedReader(io.RawIOBase):
    """Every wait ends at the deadline. A timeout per wait alone would begin again with each byte of a chunk's size."""

    def __init__(self, sock: socket.socket, raw: socket.SocketIO, seconds_left: SecondsLeft) -> None:
        self._sock, self._raw, self._seconds_left = sock, raw, seconds_left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]
        self._sock.settimeout(positive(self._seconds_left))
        return self._raw.readinto(buffer)

    def hurry(self, seconds: float) -> None:
        """No wait lasts longer than this from now."""
        ends, until = time.monotonic() + seconds, self._seconds_left
        self._seconds_left = lambda: min(until(), ends - time.monotonic())

    def close(self) -> None:
        self._raw.close()
        super().close()


def positive(seconds_left: SecondsLeft) -> float:
    """Raises TimeoutError when the deadline has passed: a timeout of 0 would mean a non-blocking socket."""
    seconds = seconds_left()
    if seconds <= 0:
        raise TimeoutError("the deadline has passed")
    return seconds


def request(
    connection: HTTPConnection, path: str, body: bytes, headers: dict[str, str], seconds_left: SecondsLeft
) -> HTTPResponse:
    """Posts `body` over a connected connection. Every wait, also for the rest of the response, ends at the deadline."""

    def response(sock: socket.socket, *arguments: object, **options: object) -> HTTPResponse:
        made = HTTPResponse(sock, *arguments, **options)  # type: ignore[arg-type]
        made.fp.close()
        made.fp = io.BufferedReader(_TimedReader(sock, sock.makefile("rb", buffering=0), seconds_left))
        return made

    connection.response_class = response  # type: ignore[assignment]
    connection.sock.settimeout(positive(seconds_left))
    connection.request("POST", path, body, headers)
    return connection.getresponse()


def chunks(response: HTTPResponse, size_max: int) -> Iterator[bytes]:
    """The body as it arrives. Raises HTTPException if it is larger than `size_max`, or ends early."""
    size = 0
    while chunk := response.read1(_READ_BYTES):
        size += len(chunk)
        if size > size_max:
            raise HTTPException(f"the response is larger than {size_max:,} bytes")
        yield chunk
    if response.length:
        raise HTTPException("the response ended early")
    # http.client does not notice the end of a body with a length, and would not use the connection again.
    response.close()


def hurry(response: HTTPResponse, seconds: float) -> None:
    """From now on, the rest of the body may take this long. Reading it then raises TimeoutError."""
    if not response.isclosed():
        response.fp.raw.hurry(seconds)  # type: ignore[attr-defined]


def finish(response: HTTPResponse) -> None:
    """Reads the end of a body of which nothing more matters, so that its connection can be kept, if it comes soon."""
    if not response.isclosed():
        hurry(response, _FINISH_SECONDS)
        with contextlib.suppress(OSError, HTTPException):
            for _ in chunks(response, _READ_BYTES):
                pass
