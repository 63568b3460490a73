"""Reads the event of a Lambda proxy integration, which is how API Gateway passes a request to a function."""

from __future__ import annotations

import os
import time
from binascii import a2b_base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.errors import InvalidRequest, PayloadTooLarge, Unauthenticated, Unavailable
from shared.rules import timestamps
from shared.rules.principal import Principal
from shared.rules.rejection import CredentialRejected

Event = Mapping[str, Any]


def with_request_id(event: Event, lambda_context: object) -> Event:
    """The event with a request id. Events of SAM CLI lack one (`sam local`): they get Lambda's."""
    # A developer may send any JSON by hand.
    given = event if isinstance(event, dict) else {}
    found = given.get("requestContext")
    context = found if isinstance(found, dict) else {}
    if context.get("extendedRequestId"):
        return event
    request_id = getattr(lambda_context, "aws_request_id", None) or context.get("requestId") or "unknown"
    return {**given, "requestContext": {**context, "extendedRequestId": request_id}}


def principal(event: Event) -> Principal:
    """The caller that the authorizer let in.

    Raises Unauthenticated if the event names nobody: a route that lost its authorizer must admit nobody; Rejected
    where the credential has expired since the authorizer saw it; and Unavailable where the event does not say when it
    expires, as an answer that API Gateway cached before a deployment may not.
    """
    authorized = event["requestContext"].get("authorizer") or {}
    if not (authorized.get("principalId") and authorized.get("tenant")):
        raise Unauthenticated(hint="The event's requestContext.authorizer lacks a principalId or a tenant.")
    expires_at = authorized.get("expiresAt")
    if not expires_at:
        raise Unavailable(
            "An older version of this service checked the credential. Please try again in a minute.", retry_after=60
        )
    caller = Principal(
        authorized["principalId"],
        authorized["tenant"],
        tuple(authorized.get("scopes", "").split()),
        None if expires_at == "never" else timestamps.from_text(expires_at),
    )
    if caller.is_expired(received_at(event)):
        raise CredentialRejected("expired")
    return caller


def received_at(event: Event) -> datetime:
    """API Gateway's time. Under SAM CLI the current time: its events all have its start time (aws-sam-cli#9279).

    Raises InvalidRequest for another kind of event.
    """
    if os.environ.get("AWS_SAM_LOCAL") == "true":
        return timestamps.from_milliseconds(time.time_ns() // 1_000_000)
    match event["requestContext"]:
        case {"requestTimeEpoch": int(milliseconds)}:
            return timestamps.from_milliseconds(milliseconds)
    raise _unsupported_event()


def source_ip(event: Event) -> str:
    """Of the connection. Raises InvalidRequest for another kind of event."""
    match event["requestContext"]:
        case {"identity": {"sourceIp": str(source)}}:
            return source
    raise _unsupported_event()


def request_id(event: Event) -> str:
    """API Gateway's extended request id. A caller can choose the other one, so it is not logged."""
    extended: str = event["requestContext"]["extendedRequestId"]
    return extended


class PathParameters(dict[str, str]):
    """By name, as the caller sent them: API Gateway decodes none. Raises InvalidRequest for a missing one."""

    def __missing__(self, name: str) -> str:
        raise InvalidRequest(f"The event lacks pathParameters.{name}.", code="invalid_event")


def body(event: Event, max_bytes: int) -> str | None:
    """The body as text. Bytes that are not UTF-8 have become U+FFFD, here or in API Gateway.

    Raises PayloadTooLarge, and InvalidRequest for invalid base64, which only a developer's own event can hold.
    """
    text: str | None = event.get("body")
    if text is not None and event.get("isBase64Encoded"):
        try:
            text = a2b_base64(text, strict_mode=True).decode(errors="replace")
        except ValueError:
            raise InvalidRequest("The body is not base64, which the event's isBase64Encoded says it is.") from None
    if text is not None and len(text.encode(errors="replace")) > max_bytes:
        raise PayloadTooLarge(f"The body is larger than {max_bytes // 1024} KB.")
    return text


def _unsupported_event() -> InvalidRequest:
    """Only a developer can cause it, with an event sent by hand."""
    return InvalidRequest(
        "This is not the event of an API Gateway REST API with Lambda proxy integration.",
        code="invalid_event",
        hint="sam local generate-event apigateway aws-proxy prints one.",
    )
