"""What API Gateway tells a function about a request: the event of a Lambda proxy integration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.errors import TooLarge, Unauthenticated
from shared.rules import instant
from shared.rules.principal import Principal

Event = Mapping[str, Any]


def principal(event: Event) -> Principal:
    """The caller that the authorizer let in.

    Raises Unauthenticated where the event names nobody: a route that lost its authorizer lets nobody in.
    """
    authorized = event["requestContext"].get("authorizer") or {}
    if not (authorized.get("principalId") and authorized.get("tenant")):
        raise Unauthenticated
    return Principal(authorized["principalId"], authorized["tenant"], tuple(authorized.get("scopes", "").split()))


def received_at(event: Event) -> datetime:
    return instant.from_milliseconds(event["requestContext"]["requestTimeEpoch"])


def request_id(event: Event) -> str:
    """API Gateway's extended request id. The caller may choose the other one, and everything in a log is ours."""
    extended: str = event["requestContext"]["extendedRequestId"]
    return extended


def body(event: Event, max_bytes: int) -> str | None:
    """Raises TooLarge."""
    text: str | None = event.get("body")
    if text is not None and len(text.encode(errors="replace")) > max_bytes:
        raise TooLarge(f"The body is larger than {max_bytes // 1024} KB.")
    return text
