"""Wraps handlers: turns API Gateway's event into a request, and a response or an error into API Gateway's format."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from shared import client_address, errors, gc_control, headers, log, proxy_event
from shared.errors import ApiError, Forbidden, InvalidRequest, PayloadTooLarge, ResponseTooLarge, Unauthenticated
from shared.proxy_event import Event
from shared.rules import visitor
from shared.rules.audit import AuditContext
from shared.rules.rate_limit import RateLimitStatus
from shared.rules.visitor import Visitor

ProxyResponse = dict[str, Any]
Handler = Callable[[Event, object], ProxyResponse]

_INTERNAL_ERROR = ApiError("Something went wrong on our side. Please try again.", code="internal_error")
_STATUS: dict[type[ApiError], int] = {
    ApiError: 500,
    InvalidRequest: 400,
    ResponseTooLarge: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    PayloadTooLarge: 413,
    errors.IdempotencyKeyReused: 422,
    errors.TooManyRequests: 429,
    errors.TargetFailed: 502,
    errors.Unavailable: 503,
    errors.TargetTimedOut: 504,
}
MANAGEMENT_BODY_MAX = 256 * 1024
# A widget opens a session or rates an answer in less than 2 KB.
PAGE_BODY_MAX = 64 * 1024
# The widget sends its whole transcript with every message, photos included. Lambda takes no more in an event.
TRANSCRIPT_BODY_MAX = 6 * 1024 * 1024
# Lambda's own limit on an answer is 6 MB of JSON, in which our body is one string, and headers are small.
_RESPONSE_MAX = 6_000_000
_CERTAINLY_SMALL = 500_000


@dataclass(frozen=True, slots=True)
class Request:
    """From a principal. `path`: parameters as sent; `query`: parameters, decoded; `headers`: by name in lower case."""

    context: AuditContext
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str | None

    @property
    def at(self) -> datetime:
        """When API Gateway received it."""
        return self.context.at

    @property
    def tenant(self) -> str:
        return self.context.tenant

    @property
    def expected_revisions(self) -> frozenset[int] | None:
        """Of which revisions one must be what is to be changed; None if any may. Raises InvalidRequest."""
        return headers.expected_revisions(self.headers)

    @property
    def idempotency_key(self) -> str | None:
        """Under which this is to be done once, if it says so. Raises InvalidRequest."""
        return headers.idempotency_key(self.headers)


@dataclass(frozen=True, slots=True)
class BrowserRequest:
    """A request from a page. `headers` go out with the response, whatever it will be."""

    visitor: Visitor
    body: str | None
    headers: dict[str, str]

    @property
    def at(self) -> datetime:
        return self.visitor.at

    def add_rate_headers(self, status: RateLimitStatus) -> None:
        self.headers.update(headers.rate_limit(status))


@dataclass(frozen=True, slots=True)
class Response:
    """One that is too large raises ResponseTooLarge as it is made, so that what it tells of need not be done."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.body) > _CERTAINLY_SMALL and len(json.dumps(self.body)) > _RESPONSE_MAX:
            raise ResponseTooLarge


def ok(body: Mapping[str, Any], *, revision: int | None = None) -> Response:
    """`revision`: of what the body shows, where a change can ask for it again."""
    return Response(200, _json(body), headers.etag(revision) if revision else {})


def created(body: Mapping[str, Any], *, revision: int) -> Response:
    return Response(201, _json(body), headers.etag(revision))


def stream(events: str) -> Response:
    """Server-sent events, all in one piece: AWS's runtime client for Python cannot stream."""
    return Response(200, events, headers.OF_A_STREAM)


def management(scope: str) -> Callable[[Callable[[Request], Response]], Handler]:
    """A door behind the authorizer, for principals who have `scope`."""

    def decorate(handle: Callable[[Request], Response]) -> Handler:
        def adapt(event: Event, _extra_headers: dict[str, str]) -> Response:
            principal = proxy_event.principal(event)
            log.bind(tenant=principal.tenant, principal=principal.id)
            if scope not in principal.scopes:
                raise Forbidden(hint=f"This operation needs the scope {scope}.")
            request = Request(
                context=AuditContext(
                    tenant=principal.tenant,
                    actor=principal.id,
                    address=client_address.resolve(event, proxy_event.source_ip(event)),
                    request_id=proxy_event.request_id(event),
                    at=proxy_event.received_at(event),
                ),
                path=proxy_event.PathParameters(event.get("pathParameters") or {}),
                query=event.get("queryStringParameters") or {},
                headers=headers.combined(event.get("multiValueHeaders")),
                body=proxy_event.body(event, MANAGEMENT_BODY_MAX),
            )
            return handle(request)

        return _wrap(handle, adapt)

    return decorate


def browser(*, body_max: int) -> Callable[[Callable[[BrowserRequest], Response]], Handler]:
    """A handler for requests without a caller: it has to admit each visitor itself, first. `body_max`: in bytes."""

    def decorate(handle: Callable[[BrowserRequest], Response]) -> Handler:
        def adapt(event: Event, extra_headers: dict[str, str]) -> Response:
            sender = Visitor(
                origin=_origin(event),
                address=client_address.resolve(event, proxy_event.source_ip(event)),
                at=proxy_event.received_at(event),
            )
            return handle(BrowserRequest(sender, proxy_event.body(event, body_max), extra_headers))

        return _wrap(handle, adapt)

    return decorate


def _wrap(handle: Callable[..., Response], adapt: Callable[[Event, dict[str, str]], Response]) -> Handler:
    """`adapt` gets the event, and headers to fill that go out with any answer."""

    operation = handle.__module__.rpartition(".")[2]

    def handler(event: Event, context: object) -> ProxyResponse:
        started = time.perf_counter()
        event = proxy_event.with_request_id(event, context)
        request_id = proxy_event.request_id(event)
        code: str | None = None
        extra_headers: dict[str, str] = {}
        try:
            answer = _proxy_response(adapt(event, extra_headers), extra_headers)
        except ApiError as error:
            code = error.code
            answer = _error_response(error, request_id, extra_headers)
            if error.__cause__ is not None:
                log.fault(error.__cause__, operation=operation, request_id=request_id)
        except Exception as error:  # noqa: BLE001 - the last frame before a caller, who must never see a traceback
            code = _INTERNAL_ERROR.code
            answer = _error_response(_INTERNAL_ERROR, request_id, extra_headers)
            log.fault(error, operation=operation, request_id=request_id)
        is_from_page = not event["requestContext"].get("authorizer")
        log.answered(
            operation,
            request_id=request_id,
            status=answer["statusCode"],
            code=code,
            milliseconds=round((time.perf_counter() - started) * 1000),
            origin=visitor.loggable(_origin(event)) if code and is_from_page else None,
        )
        return answer

    gc_control.freeze()
    return handler


def _origin(event: Event) -> str | None:
    """Two Origin headers are no origin: together they match none. An empty one names none."""
    return headers.combined(event.get("multiValueHeaders")).get("origin") or None


def _json(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _proxy_response(response: Response, extra_headers: Mapping[str, str]) -> ProxyResponse:
    return {
        "statusCode": response.status,
        "headers": headers.OF_EVERY_RESPONSE | dict(extra_headers) | dict(response.headers),
        "body": response.body,
    }


def _error_response(error: ApiError, request_id: str, extra_headers: Mapping[str, str]) -> ProxyResponse:
    """The nearest class that has a status decides it."""
    status = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    body: dict[str, Any] = {"error": error.message, "code": error.code}
    if error.hint:
        body["hint"] = error.hint
    if error.details:
        body["details"] = [
            {name: value for name, value in asdict(detail).items() if value is not None} for detail in error.details
        ]
    body["requestId"] = request_id
    retry = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    return _proxy_response(Response(status, _json(body), retry), extra_headers)
