"""One request from its arrival to its log line."""

from __future__ import annotations

import time

from shared import log
from shared.errors import ApiError
from shared.gateway import request as events
from shared.gateway.request import Event
from shared.rules import visitor

_INTERNAL_ERROR = ApiError("Something went wrong on our side. Please try again.", code="internal_error")


class Exchange:
    """`event`: the one to read, with a request id. `code`: that of the error, once there is one."""

    def __init__(self, operation: str, event: Event, context: object) -> None:
        self._operation = operation
        self._started = time.perf_counter()
        self._first_byte: int | None = None
        self.event = events.with_request_id(event, context)
        self.request_id = events.request_id(self.event)
        self._code: str | None = None

    def error_for(self, error: Exception) -> ApiError:
        """What a caller learns of an error. Logs what a caller must not learn."""
        cause = error.__cause__ if isinstance(error, ApiError) else error
        if cause is not None:
            log.fault(cause, operation=self._operation, request_id=self.request_id)
        shown = error if isinstance(error, ApiError) else _INTERNAL_ERROR
        self._code = shown.code
        return shown

    def first_byte(self) -> None:
        """The first part of a streamed response goes out now."""
        self._first_byte = self._milliseconds()

    def answered(self, status: int) -> None:
        """The whole response has been made."""
        is_from_page = not self.event["requestContext"].get("authorizer")
        log.answered(
            self._operation,
            request_id=self.request_id,
            status=status,
            code=self._code,
            milliseconds=self._milliseconds(),
            first_byte_milliseconds=self._first_byte,
            origin=visitor.loggable(events.origin(self.event)) if is_from_page else None,
        )

    def _milliseconds(self) -> int:
        return round((time.perf_counter() - self._started) * 1000)
