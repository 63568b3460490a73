"""Wraps handlers: turns API Gateway's event into a request, and a response or an error into API Gateway's format."""

from __future__ import annotations

import time
from collections.abc import Callable

from shared import gc_control, log
from shared.errors import ApiError, Forbidden
from shared.gateway import request as events
from shared.gateway.request import PAGE_BODY_MAX, TRANSCRIPT_BODY_MAX, BrowserRequest, Event, Request
from shared.gateway.response import ProxyResponse, Response
from shared.rules import visitor

# What handlers import.
__all__ = [
    "PAGE_BODY_MAX",
    "TRANSCRIPT_BODY_MAX",
    "BrowserRequest",
    "Request",
    "Response",
    "browser",
    "management",
]

Handler = Callable[[Event, object], ProxyResponse]

_INTERNAL_ERROR = ApiError("Something went wrong on our side. Please try again.", code="internal_error")


def management(scope: str) -> Callable[[Callable[[Request], Response]], Handler]:
    """A handler behind the authorizer, for principals who have `scope`."""

    def decorate(handle: Callable[[Request], Response]) -> Handler:
        def adapt(event: Event, _extra_headers: dict[str, str]) -> Response:
            principal = events.principal(event)
            log.bind(tenant=principal.tenant, principal=principal.id)
            if scope not in principal.scopes:
                raise Forbidden(hint=f"This operation needs the scope {scope}.")
            return handle(Request.from_event(event, principal))

        return _wrap(handle, adapt)

    return decorate


def browser(*, body_max: int) -> Callable[[Callable[[BrowserRequest], Response]], Handler]:
    """A handler for requests without a caller: it has to admit each visitor itself, first. `body_max`: in bytes."""

    def decorate(handle: Callable[[BrowserRequest], Response]) -> Handler:
        def adapt(event: Event, extra_headers: dict[str, str]) -> Response:
            return handle(BrowserRequest.from_event(event, body_max, extra_headers))

        return _wrap(handle, adapt)

    return decorate


def _wrap(handle: Callable[..., Response], adapt: Callable[[Event, dict[str, str]], Response]) -> Handler:
    """`adapt` gets the event, and a dictionary to fill with headers that go out whatever the response is."""

    operation = handle.__module__.rpartition(".")[2]

    def handler(event: Event, context: object) -> ProxyResponse:
        started = time.perf_counter()
        event = events.with_request_id(event, context)
        request_id = events.request_id(event)
        code: str | None = None
        extra_headers: dict[str, str] = {}
        try:
            response = adapt(event, extra_headers)
        except ApiError as error:
            code = error.code
            response = Response.error(error, request_id)
            if error.__cause__ is not None:
                log.fault(error.__cause__, operation=operation, request_id=request_id)
        except Exception as error:  # noqa: BLE001 - the last frame before a caller, who must never see a traceback
            code = _INTERNAL_ERROR.code
            response = Response.error(_INTERNAL_ERROR, request_id)
            log.fault(error, operation=operation, request_id=request_id)
        is_from_page = not event["requestContext"].get("authorizer")
        log.answered(
            operation,
            request_id=request_id,
            status=response.status,
            code=code,
            milliseconds=round((time.perf_counter() - started) * 1000),
            origin=visitor.loggable(events.origin(event)) if code and is_from_page else None,
        )
        return response.to_proxy(extra_headers)

    gc_control.freeze()
    return handler
