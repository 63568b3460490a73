"""Our responses, and what API Gateway receives of them: errors get their status and body here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from shared import errors
from shared.errors import ApiError, ResponseTooLarge
from shared.gateway import headers

ProxyResponse = dict[str, Any]
"""The response of a Lambda proxy integration."""

STATUS: dict[type[ApiError], int] = {
    ApiError: 500,
    errors.InvalidRequest: 400,
    ResponseTooLarge: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.PreconditionFailed: 412,
    errors.PayloadTooLarge: 413,
    errors.IdempotencyKeyReused: 422,
    errors.TooManyRequests: 429,
    errors.NotSupported: 501,
    errors.TargetFailed: 502,
    errors.Unavailable: 503,
    errors.TargetTimedOut: 504,
}
# Lambda takes responses of 6 MB of JSON, in which our body is one string. Headers are small.
_RESPONSE_MAX = 6_000_000
_CERTAINLY_SMALL = 500_000


@dataclass(frozen=True, slots=True)
class Response:
    """Raises ResponseTooLarge when it is created, so before what it reports is done."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.body) > _CERTAINLY_SMALL and len(json.dumps(self.body)) > _RESPONSE_MAX:
            raise ResponseTooLarge

    @classmethod
    def ok(cls, body: Mapping[str, Any], revision: int | None = None) -> Response:
        """`revision`: of the token in the body, for the ETag."""
        return cls(200, _json(body), headers.etag(revision) if revision else {})

    @classmethod
    def created(cls, body: Mapping[str, Any], revision: int) -> Response:
        return cls(201, _json(body), headers.etag(revision))

    @classmethod
    def error(cls, error: ApiError, request_id: str) -> Response:
        """The nearest class that has a status decides it."""
        status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
        body: dict[str, Any] = {"error": error.message, "code": error.code}
        if error.hint:
            body["hint"] = error.hint
        if error.details:
            body["details"] = [
                {name: value for name, value in asdict(detail).items() if value is not None} for detail in error.details
            ]
        body["requestId"] = request_id
        retry = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
        return cls(status, _json(body), retry)

    def head(self, extra_headers: Mapping[str, str]) -> dict[str, Any]:
        """All but the body, which a streamed response sends after it."""
        return {
            "statusCode": self.status,
            "headers": headers.OF_EVERY_RESPONSE | dict(extra_headers) | dict(self.headers),
        }

    def to_proxy(self, extra_headers: Mapping[str, str]) -> ProxyResponse:
        return self.head(extra_headers) | {"body": self.body}


def _json(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
