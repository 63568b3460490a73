"""Calls operations of AWS that respond with an event stream."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Mapping

from shared.aws import event_stream
from shared.aws.client import ERROR_STATUS_MIN, AwsErrorResponse, AwsResponse, Client, error_response
from shared.aws.event_stream import Message
from shared.http import deadline
from shared.http.deadline import SecondsLeft
from shared.http.idle import IDLE_SECONDS_MAX

# An answer of 200 KB that arrives letter by letter, each in an event of its own.
_STREAM_BYTES_MAX = 32 * 1024 * 1024
_ERROR_BYTES_MAX = 64 * 1024
_OK = 200


class StreamClient(Client):
    """Sends each request once: what broke on the way has still been processed and paid for."""

    _kept_at = 0.0

    def stream(
        self, operation: str, path: str, body: bytes, headers: Mapping[str, str], seconds_left: SecondsLeft
    ) -> Generator[Message]:
        """The events as they arrive. Read to the end, it keeps the connection.

        Raises AwsErrorResponse, also for an exception among the events, whose status is 200, and Unreachable or
        TimedOut, also when the stream ends early or the deadline passes.
        """
        with self._errors(operation, was_sent=False):
            sent = self._headers(path, body, headers)
            if not 0 <= time.time() - self._kept_at < IDLE_SECONDS_MAX:
                while self._idle:
                    self._idle.pop().close()
            connection = self._connection(seconds_left)
        with self._errors(operation):
            is_whole = False
            try:
                response = deadline.request(connection, path, body, sent, seconds_left)
                if response.status >= ERROR_STATUS_MIN:
                    reply = AwsResponse(response.headers, b"".join(deadline.chunks(response, _ERROR_BYTES_MAX)))
                    raise error_response(operation, response.status, reply)
                for message in event_stream.messages(deadline.chunks(response, _STREAM_BYTES_MAX)):
                    _require_event(operation, message)
                    yield message
                is_whole = not response.will_close
            finally:
                if is_whole:
                    self._idle.append(connection)
                    self._kept_at = time.time()
                else:
                    connection.close()


def _require_event(operation: str, message: Message) -> None:
    kind = message.headers.get(":message-type")
    if kind == "event":
        return
    # An exception is in the operation's model. An error is not, and has its message in a header.
    code = message.headers.get(":exception-type") or message.headers.get(":error-code") or str(kind)
    try:
        answer = json.loads(message.payload)
    except (ValueError, RecursionError):
        answer = {}
    raise AwsErrorResponse(operation, _OK, code, answer if isinstance(answer, dict) else {})
