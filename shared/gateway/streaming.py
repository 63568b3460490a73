"""Wraps handlers that stream, for our runtime client (shared/runtime), which Lambda's own cannot replace.

Up to the first part of the body, a failure is an ordinary response with its status. After it the status is out: a
failure is a part of the stream, which then ends as every stream does. So a page always comes to an end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from shared import gc_control, log
from shared.errors import ApiError
from shared.gateway import headers
from shared.gateway.exchange import Exchange
from shared.gateway.request import TRANSCRIPT_BODY_MAX, BrowserRequest, Event
from shared.gateway.response import Response

# What handlers import.
__all__ = ["TRANSCRIPT_BODY_MAX", "BrowserRequest", "EventStream", "Response", "browser_stream"]

Head = Mapping[str, Any]


class LambdaContext(Protocol):
    """What is used of Lambda's context object."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...


StreamingHandler = Callable[[Event, LambdaContext], tuple[Head, Iterator[bytes]]]


@dataclass(frozen=True, slots=True)
class EventStream:
    """Server-sent events. `parts`: raises what goes wrong. `failed`: gives the part that ends the stream then, empty
    if it has ended.
    """

    parts: Iterator[str]
    failed: Callable[[ApiError], str]


Handle = Callable[[BrowserRequest, Callable[[], float]], EventStream | Response]


def browser_stream(*, body_max: int) -> Callable[[Handle], StreamingHandler]:
    """A handler like `browser`'s that streams, or responds in one piece. It admits the visitor before it returns.

    `body_max`: in bytes.

    The handler also gets a function that gives the seconds until Lambda ends it. A stream that is cut off has no end
    event, so it must end earlier.
    """

    def decorate(handle: Handle) -> StreamingHandler:
        operation = handle.__module__.rpartition(".")[2]

        def handler(event: Event, context: LambdaContext) -> tuple[Head, Iterator[bytes]]:
            exchange = Exchange(operation, event, context)
            extra_headers: dict[str, str] = {}
            try:
                request = BrowserRequest.from_event(exchange.event, body_max, extra_headers)
                stream = handle(request, lambda: context.get_remaining_time_in_millis() / 1000)
                first = next(stream.parts) if isinstance(stream, EventStream) else ""
            except Exception as error:  # noqa: BLE001 - a caller must never see a traceback
                stream = Response.error(exchange.error_for(error), exchange.request_id)
            if isinstance(stream, Response):
                exchange.answered(stream.status)
                return stream.head(extra_headers), iter([stream.body.encode()])
            head = Response(HTTPStatus.OK, "", headers.OF_A_STREAM).head(extra_headers)
            return head, _body(exchange, stream, first)

        gc_control.freeze()
        return handler

    return decorate


def _body(exchange: Exchange, stream: EventStream, first: str) -> Iterator[bytes]:
    exchange.first_byte()
    yield first.encode()
    try:
        for part in stream.parts:
            yield part.encode()
    except Exception as error:  # noqa: BLE001 - after the first part, a failure is an event
        # API Gateway counts this as a 200.
        log.count("AnswersInterrupted")
        if last := stream.failed(exchange.error_for(error)):
            yield last.encode()
    exchange.answered(HTTPStatus.OK)
