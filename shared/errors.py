"""Every way we say no: a small tree. A refusal has a code for programs, a sentence for people, and no HTTP status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that is wrong in a request: where (`path`, as callers write it), what, and the name that was meant."""

    path: str
    message: str
    code: str
    suggestion: str | None = None

    @classmethod
    def for_field(cls, field: str, message: str, code: str) -> Detail:
        """A rule knows a field by our name for it; callers know it in camelCase."""
        first, *rest = field.split("_")
        return cls(first + "".join(word.title() for word in rest), message, code)


class ApiError(Exception):
    """The base of the tree. `message` may be read by a visitor; `hint` says how to mend it."""

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
    ) -> None:
        """`retry_after`: whole seconds after which the same request may succeed."""
        self.message = message or type(self).message
        self.code = code or type(self).code
        self.hint = hint or type(self).hint
        self.details = tuple(details)
        self.retry_after = retry_after
        super().__init__(self.message)


class InvalidRequest(ApiError):
    code = "invalid_request"
    message = "The request is not valid."

    @classmethod
    def from_details(cls, *details: Detail) -> InvalidRequest:
        """Refuses a body for each of `details`; the sentence is about the first."""
        first = details[0]
        more = f" ({len(details) - 1} more in details)" if len(details) > 1 else ""
        hint = f"Did you mean {first.suggestion}?" if first.suggestion else None
        return cls(f"{first.path}: {first.message}{more}", hint=hint, details=details)


class ResponseTooLarge(InvalidRequest):
    code = "answer_too_large"
    message = "The answer would be too large."
    hint = "Ask for less at once: set a lower limit."


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
    message = "Somebody else is changing this at the same time. Please try again."


class PreconditionFailed(ApiError):
    code = "precondition_failed"
    message = "This has changed since you read it."
    hint = "Read it again, and send the change with the ETag that you get."


class IdempotencyKeyReused(ApiError):
    code = "idempotency_key_reused"
    message = "This Idempotency-Key was sent with another request before."
    hint = "Send a new key with a new request; the same one only to repeat what you sent."


class PayloadTooLarge(ApiError):
    code = "too_large"
    message = "The request is too large."


class Unavailable(ApiError):
    """Something we depend on does not answer, or we cannot be sure: fail closed."""

    code = "unavailable"
    message = "The service cannot answer just now. Please try again in a moment."

    def __init__(self, message: str | None = None, *, code: str | None = None, retry_after: int = 1) -> None:
        super().__init__(message, code=code, retry_after=retry_after)


class TooManyRequests(ApiError):
    code = "rate_limited"
    message = "Too many requests."


class TargetFailed(ApiError):
    """What should have answered did not; the sentence is for the visitor and tells nothing of its insides."""

    code = "target_failed"
    message = "The assistant could not answer. Please try again."


class TargetTimedOut(ApiError):
    code = "target_timed_out"
    message = "The assistant took too long to answer. Please try again."
