"""Wraps the handler of a page that this API serves: its HTML, and the files that it loads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared import gc_control
from shared.gateway import headers
from shared.gateway.exchange import Exchange
from shared.gateway.request import Event
from shared.gateway.response import ProxyResponse, Response


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`file`: its name, as sent; None for the page itself."""

    file: str | None


@dataclass(frozen=True, slots=True)
class File:
    """`changes`: whether its content may change while its name stays the same."""

    name: str
    text: str
    changes: bool


def page(handle: Callable[[PageRequest], File]) -> Callable[[Event, object], ProxyResponse]:
    """A handler that anyone may call. What it serves is public, and the same for everybody."""
    operation = handle.__module__.rpartition(".")[2]

    def handler(event: Event, context: object) -> ProxyResponse:
        exchange = Exchange(operation, event, context)
        try:
            response = _respond(handle, exchange.event)
        except Exception as error:  # noqa: BLE001 - the last frame before a caller, who must never see a traceback
            refused = Response.error(exchange.error_for(error), exchange.request_id)
            response = refused.to_proxy({})
        exchange.answered(response["statusCode"])
        return response

    gc_control.freeze()
    return handler


def _respond(handle: Callable[[PageRequest], File], event: Event) -> ProxyResponse:
    path, parameters = event.get("path") or "", event.get("pathParameters") or {}
    # API Gateway ignores a trailing slash, but the page's relative links would not.
    if path.endswith("/"):
        location = f"../{path.split('/')[-2]}"
        return {"statusCode": 308, "headers": headers.OF_EVERY_FILE | {"Location": location}, "body": ""}
    file = handle(PageRequest(parameters.get("file")))
    return {"statusCode": 200, "headers": headers.of_file(file.name, changes=file.changes), "body": file.text}
