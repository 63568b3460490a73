"""Lambda's InvokeWithResponseStream in front of moto, which has no functions that run, for a developer's own handler.

https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
"""

from __future__ import annotations

import contextlib
import json
import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from werkzeug.wrappers import Response

from infra.local.api import InvocationFailed
from infra.local.own_handler import OwnHandler

_INVOCATION = re.compile(r"/2021-11-15/functions/(?P<arn>[^/]+)/response-streaming-invocations")
_STRING = 7


class Invocations:
    """A WSGI application: invokes the handler, and leaves every other request to `application`."""

    def __init__(self, handler: OwnHandler, application: Any) -> None:
        self._application = application
        self._handler = handler

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        found = _INVOCATION.fullmatch(environ["PATH_INFO"])
        if not found or found["arn"] != self._handler.arn:
            answer: Iterable[bytes] = self._application(environ, start_response)
            return answer
        event = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        response = Response(self._events(event), content_type="application/vnd.amazon.eventstream")
        return response(environ, start_response)

    def _events(self, event: dict[str, Any]) -> Iterator[bytes]:
        """Always 200: what goes wrong is in the last event."""
        parts = self._handler.stream(event)
        try:
            for part in parts:
                yield _event("PayloadChunk", part)
        except InvocationFailed as failed:
            error = "Sandbox.Timedout" if str(failed).startswith("Task timed out") else "Unhandled"
            yield _event("InvokeComplete", json.dumps({"ErrorCode": error, "ErrorDetails": str(failed)}).encode())
        else:
            yield _event("InvokeComplete", b"{}")
        finally:
            # Chat may have left. The function runs on, as in Lambda.
            with contextlib.suppress(InvocationFailed):
                for _ in parts:
                    pass


def _event(kind: str, payload: bytes) -> bytes:
    """https://smithy.io/2.0/aws/amazon-eventstream.html"""
    headers = b"".join(
        struct.pack(">B", len(name)) + name + struct.pack(">BH", _STRING, len(value)) + value
        for name, value in ((b":message-type", b"event"), (b":event-type", kind.encode()))
    )
    prelude = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))
