"""API Gateway's integration with a function that streams: a prelude, eight NUL bytes, and a body, sent as it comes.

https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
"""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from typing import Any

from infra.local.proxy import Malformed

_DELIMITER = bytes(8)
_PRELUDE_MAX = 16 * 1024
_IDLE_SECONDS = 300.0


class TimedOut(Exception):  # noqa: N818 - an outcome
    """The whole stream took longer than the integration allows, or nothing came for five minutes."""


class Stream:
    """A function's response. The function runs to its end, and is paid for, even if nobody reads any more."""

    def __init__(self, parts: Callable[[], Iterator[bytes]], executor: Executor, timeout: float) -> None:
        """`timeout`: seconds for the whole response."""
        self._deadline = time.monotonic() + timeout
        self._received: queue.SimpleQueue[bytes | BaseException | None] = queue.SimpleQueue()
        executor.submit(self._pump, parts)

    def prelude(self) -> tuple[Any, bytes]:
        """The status and the headers, as JSON reads them, and the beginning of the body. Raises Malformed, TimedOut,
        and what the function raises.
        """
        received = b""
        while _DELIMITER not in received:
            if len(received) > _PRELUDE_MAX:
                raise Malformed(f"its first {_PRELUDE_MAX} bytes have no delimiter of eight NUL bytes")
            part = self._next()
            if part is None:
                raise Malformed("it ends before the delimiter of eight NUL bytes")
            received += part
        prelude, _, rest = received.partition(_DELIMITER)
        if len(prelude) + len(_DELIMITER) > _PRELUDE_MAX:
            raise Malformed(f"its first {_PRELUDE_MAX} bytes have no delimiter of eight NUL bytes")
        try:
            return json.loads(prelude), rest
        except ValueError:
            raise Malformed("what is before the delimiter is not JSON") from None

    def body(self, first: bytes) -> Iterator[bytes]:
        """Raises TimedOut and what the function raises."""
        part: bytes | None = first
        while part is not None:
            if part:
                yield part
            part = self._next()

    def _next(self) -> bytes | None:
        try:
            received = self._received.get(timeout=max(0.0, min(self._deadline - time.monotonic(), _IDLE_SECONDS)))
        except queue.Empty:
            raise TimedOut("the response was not complete in time") from None
        if isinstance(received, BaseException):
            raise received
        return received

    def _pump(self, parts: Callable[[], Iterator[bytes]]) -> None:
        try:
            for part in parts():
                self._received.put(part)
            self._received.put(None)
        except BaseException as error:  # noqa: BLE001 - raised where the response is read
            self._received.put(error)
