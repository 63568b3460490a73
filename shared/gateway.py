"""The door frame: API Gateway's event becomes a Request, a Response or a refusal becomes API Gateway's answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from shared import client_address, errors, headers, log, proxy_event, startup
from shared.errors import AnswerTooLarge, Forbidden, Invalid, Refusal, TooLarge, Unauthenticated
from shared.proxy_event import Event
from shared.rules import visitor
from shared.rules.audit import Circumstances
from shared.rules.rate import Standing
from shared.rules.visitor import Visitor

Answer = dict[str, Any]
Handler = Callable[[Event, object], Answer]

_BROKEN = Refusal("Something went wrong on our side. Please try again.", code="internal_error")
_STATUS: dict[type[Refusal], int] = {
    Refusal: 500,
    Invalid: 400,
    AnswerTooLarge: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Stale: 412,
    TooLarge: 413,
    errors.KeyReused: 422,
    errors.TooMany: 429,
    errors.TargetFailed: 502,
    errors.Unavailable: 503,
    errors.TargetTimedOut: 504,
}
MANAGEMENT_BODY_MAX = 256 * 1024
# Lambda's own limit on an answer is 6 MB of JSON, in which our body is one string, and headers are small.
_ANSWER_MAX = 6_000_000
_CERTAINLY_SMALL = 500_000


@dataclass(frozen=True, slots=True)
class Request:
    """From a principal. `path`: parameters as sent; `query`: parameters, decoded; `headers`: by name in lower case."""

    by: Circumstances
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str | None

    @property
    def at(self) -> datetime:
        """When API Gateway received it."""
        return self.by.at

    @property
    def tenant(self) -> str:
        return self.by.tenant

    @property
    def expected(self) -> frozenset[int] | None:
        """Of which revisions one must be what is to be changed; None if any may. Raises Invalid."""
        return headers.expected(self.headers)

    @property
    def idempotency_key(self) -> str | None:
        """Under which this is to be done once, if it says so. Raises Invalid."""
        return headers.idempotency_key(self.headers)


@dataclass(frozen=True, slots=True)
class BrowserRequest:
    """From a page. What is told to `tell` about its rate goes out with the answer, whatever that will be."""

    visitor: Visitor
    body: str | None
    headers: dict[str, str]

    @property
    def at(self) -> datetime:
        return self.visitor.at

    def tell(self, standing: Standing) -> None:
        self.headers.update(headers.rate(standing))


@dataclass(frozen=True, slots=True)
class Response:
    """One that is too large raises AnswerTooLarge as it is made, so that what it tells of need not be done."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.body) > _CERTAINLY_SMALL and len(json.dumps(self.body)) > _ANSWER_MAX:
            raise AnswerTooLarge


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

    def decorate(door: Callable[[Request], Response]) -> Handler:
        def enter(event: Event, _told: dict[str, str]) -> Response:
            principal = proxy_event.principal(event)
            log.concerns(tenant=principal.tenant, principal=principal.id)
            if scope not in principal.scopes:
                raise Forbidden(hint=f"It needs the scope {scope}.")
            request = Request(
                by=Circumstances(
                    tenant=principal.tenant,
                    actor=principal.id,
                    address=client_address.of(event, proxy_event.address(event)),
                    request_id=proxy_event.request_id(event),
                    at=proxy_event.received_at(event),
                ),
                path=proxy_event.PathParameters(event.get("pathParameters") or {}),
                query=event.get("queryStringParameters") or {},
                headers=headers.sent(event.get("multiValueHeaders")),
                body=proxy_event.body(event, MANAGEMENT_BODY_MAX),
            )
            return door(request)

        return _framed(door, enter)

    return decorate


def browser(door: Callable[[BrowserRequest], Response]) -> Handler:
    """A handler for requests without a caller: it has to admit each visitor itself, first.

    The widget sends its whole transcript with every message, photos included, so a body may be as large as Lambda
    takes, which is 6 MB with the rest of the event. API Gateway refuses more.
    """

    def enter(event: Event, told: dict[str, str]) -> Response:
        sender = Visitor(
            origin=_origin(event),
            address=client_address.of(event, proxy_event.address(event)),
            at=proxy_event.received_at(event),
        )
        return door(BrowserRequest(sender, proxy_event.body(event), told))

    return _framed(door, enter)


def _framed(door: Callable[..., Response], enter: Callable[[Event, dict[str, str]], Response]) -> Handler:
    """`enter` gets the event, and headers to fill that go out with any answer."""

    operation = door.__module__.rpartition(".")[2]

    def handler(event: Event, context: object) -> Answer:
        started = time.perf_counter()
        event = proxy_event.identified(event, context)
        request_id = proxy_event.request_id(event)
        code: str | None = None
        told: dict[str, str] = {}
        try:
            answer = _answer(enter(event, told), told)
        except Refusal as refusal:
            code = refusal.code
            answer = _refused(refusal, request_id, told)
            if refusal.__cause__ is not None:
                log.fault(refusal.__cause__, operation=operation, request_id=request_id)
        except Exception as error:  # noqa: BLE001 - the last frame before a caller, who must never see a traceback
            code = _BROKEN.code
            answer = _refused(_BROKEN, request_id, told)
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

    startup.is_over()
    return handler


def _origin(event: Event) -> str | None:
    """Two Origin headers are no origin: together they match none. An empty one names none."""
    return headers.sent(event.get("multiValueHeaders")).get("origin") or None


def _json(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _answer(response: Response, told: Mapping[str, str]) -> Answer:
    return {
        "statusCode": response.status,
        "headers": headers.OF_EVERY_ANSWER | dict(told) | dict(response.headers),
        "body": response.body,
    }


def _refused(refusal: Refusal, request_id: str, told: Mapping[str, str]) -> Answer:
    """The nearest class that has a status decides it."""
    status = next(_STATUS[kind] for kind in type(refusal).__mro__ if kind in _STATUS)
    body: dict[str, Any] = {"error": refusal.sentence, "code": refusal.code}
    if refusal.hint:
        body["hint"] = refusal.hint
    if refusal.details:
        body["details"] = [
            {name: value for name, value in asdict(detail).items() if value is not None} for detail in refusal.details
        ]
    body["requestId"] = request_id
    retry = {} if refusal.retry_after is None else {"Retry-After": str(refusal.retry_after)}
    return _answer(Response(status, _json(body), retry), told)
