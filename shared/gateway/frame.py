"""Wraps handlers: turns API Gateway's event into a request, and a response or an error into API Gateway's format."""

from __future__ import annotations

from collections.abc import Callable

from shared import gc_control, log
from shared.errors import Forbidden, PreconditionFailed
from shared.gateway import request as events
from shared.gateway.exchange import Exchange
from shared.gateway.history import HistoryRequest
from shared.gateway.request import PAGE_BODY_MAX, BrowserRequest, Event, Request
from shared.gateway.response import ProxyResponse, Response

# What handlers import.
__all__ = [
    "PAGE_BODY_MAX",
    "BrowserRequest",
    "HistoryRequest",
    "Request",
    "Response",
    "browser",
    "history",
    "management",
]

Handler = Callable[[Event, object], ProxyResponse]


def management(scope: str) -> Callable[[Callable[[Request], Response]], Handler]:
    """A handler behind the authorizer, for principals who have `scope`."""

    def decorate(handle: Callable[[Request], Response]) -> Handler:
        def adapt(event: Event, _extra_headers: dict[str, str]) -> Response:
            principal = events.principal(event)
            log.bind(tenant=principal.tenant, principal=principal.id)
            if scope not in principal.scopes:
                raise Forbidden(hint=f"This operation needs the scope {scope}.")
            request = Request.from_event(event, principal)
            try:
                return handle(request)
            except PreconditionFailed:
                raise request.precondition_failed() from None

        return _wrap(handle, adapt)

    return decorate


def browser(*, body_max: int) -> Callable[[Callable[[BrowserRequest], Response]], Handler]:
    """A handler for requests without a caller: it has to admit each visitor itself, first. `body_max`: in bytes."""

    def decorate(handle: Callable[[BrowserRequest], Response]) -> Handler:
        def adapt(event: Event, extra_headers: dict[str, str]) -> Response:
            return handle(BrowserRequest.from_event(event, body_max, extra_headers))

        return _wrap(handle, adapt)

    return decorate


def history() -> Callable[[Callable[[HistoryRequest], Response]], Handler]:
    """A handler for pages that keep their visitor's history. It has to admit each visitor itself, first."""

    def decorate(handle: Callable[[HistoryRequest], Response]) -> Handler:
        def adapt(event: Event, extra_headers: dict[str, str]) -> Response:
            return handle(HistoryRequest.from_event(event, extra_headers))

        return _wrap(handle, adapt)

    return decorate


def _wrap(handle: Callable[..., Response], adapt: Callable[[Event, dict[str, str]], Response]) -> Handler:
    """`adapt` gets the event, and a dictionary to fill with headers that go out whatever the response is."""

    operation = handle.__module__.rpartition(".")[2]

    def handler(event: Event, context: object) -> ProxyResponse:
        exchange = Exchange(operation, event, context)
        extra_headers: dict[str, str] = {}
        try:
            response = adapt(exchange.event, extra_headers)
        except Exception as error:  # noqa: BLE001 - the last frame before a caller, who must never see a traceback
            response = Response.error(exchange.error_for(error), exchange.request_id)
        exchange.answered(response.status)
        return response.to_proxy(extra_headers)

    gc_control.freeze()
    return handler
