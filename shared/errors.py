"""Every way we say no. An error has a code for programs and a message for people. The gateway adds a status."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Detail:
    """One mistake in a request. `path`: the field, as callers spell it. `suggestion`: the name that was meant."""

    path: str
    message: str
    code: str
    suggestion: str | None = None

    @classmethod
    def for_field(cls, field: str, message: str, code: str) -> Detail:
        """Converts our name of a field to the camelCase that callers know."""
        first, *rest = field.split("_")
        return cls(first + "".join(word.title() for word in rest), message, code)


class ApiError(Exception):
    """The base class. Visitors may read `message`. `hint` says how to fix the problem."""

    code = "refused"
    message = "The request was refused."
    hint: str | None = None

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        hint: str | None = None,
        details: Sequence[Detail] = (),
        retry_after: int | None = None,
        is_free: bool = False,
    ) -> None:
        """`retry_after`: whole seconds after which the same request may succeed.

        `is_free`: of an error about a target: nothing was sent to it, or it surely charges nothing.
        """
        self.message = message or type(self).message
        self.code = code or type(self).code
        self.hint = hint or type(self).hint
        self.details = tuple(details)
        self.retry_after = retry_after
        self.is_free = is_free
        super().__init__(self.message)


class InvalidRequest(ApiError):
    code = "invalid_request"

    @classmethod
    def from_details(cls, *details: Detail) -> InvalidRequest:
        """An error with these details. Its message is about the first."""
        first = details[0]
        more = f" ({len(details) - 1} more in details)" if len(details) > 1 else ""
        hint = f"Did you mean {first.suggestion}?" if first.suggestion else None
        return cls(f"{first.path}: {first.message}{more}", hint=hint, details=details)


class ResponseTooLarge(InvalidRequest):
    code = "answer_too_large"
    message = "The response would be too large."
    hint = "Set a lower limit."


class Unauthenticated(ApiError):
    code = "unauthenticated"
    message = "The credential is missing or not valid."


class Forbidden(ApiError):
    code = "forbidden"
    message = "This credential may not do that."


class NotFound(ApiError):
    code = "not_found"
    message = "Not found."


class Conflict(ApiError):
    code = "conflict"
    message = "Another request is changing this at the same time. Please try again."


class Gone(ApiError):
    """The widget opens a new conversation. It recognizes exactly this message."""

    code = "conversation_deleted"
    message = "conversation_deleted"
    hint = "This conversation was deleted. Please reload the page to start a new one."


class PreconditionFailed(ApiError):
    code = "precondition_failed"
    message = "This has changed since you read it."
    hint = "Read it again, and send the change with the new ETag in If-Match."


class IdempotencyKeyReused(ApiError):
    code = "idempotency_key_reused"
    message = "This Idempotency-Key was already used for a different request."
    hint = "Use a new key for each new request, and the same key only to retry it."


class PayloadTooLarge(ApiError):
    code = "too_large"


class NotSupported(ApiError):
    code = "join_not_supported"
    message = "A message cannot join an answer that is in progress. Please wait for it to end."


class Unavailable(ApiError):
    """A dependency does not respond, or the state is unknown: fail closed."""

    code = "unavailable"
    message = "The service cannot answer just now. Please try again in a moment."

    def __init__(self, message: str | None = None, *, code: str | None = None, retry_after: int | None = 1) -> None:
        super().__init__(message, code=code, retry_after=retry_after)


class TooManyRequests(ApiError):
    code = "rate_limited"


class TargetFailed(ApiError):
    """The target did not answer. The message is for the visitor and reveals nothing about the target."""

    code = "target_failed"
    message = "The assistant could not answer. Please try again."


class TargetTimedOut(ApiError):
    code = "target_timed_out"
    message = "The assistant took too long to answer. Please try again."


@contextmanager
def unsent() -> Iterator[None]:
    """Marks all errors within as free, even bugs: the target has not been sent anything yet."""
    try:
        yield
    except Exception as error:
        error.is_free = True  # type: ignore[attr-defined]
        raise
