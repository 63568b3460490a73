"""Requests as handlers get them, read from the event of a Lambda proxy integration."""

from __future__ import annotations

import os
import time
from binascii import a2b_base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.errors import InvalidRequest, PayloadTooLarge, PreconditionFailed, Unauthenticated, Unavailable
from shared.gateway import client_address, headers
from shared.rules import idempotency, timestamps
from shared.rules.audit import AuditContext
from shared.rules.idempotency import IdempotencyKey
from shared.rules.principal import Principal
from shared.rules.rate_limit import RateLimitStatus
from shared.rules.rejection import CredentialRejected
from shared.rules.visitor import Visitor

Event = Mapping[str, Any]

MANAGEMENT_BODY_MAX = 256 * 1024
# A widget opens a session or rates an answer in less than 2 KB.
PAGE_BODY_MAX = 64 * 1024
# The widget sends its whole transcript with every message, photos included. Lambda takes no more in an event.
TRANSCRIPT_BODY_MAX = 6 * 1024 * 1024
# A visitor can do something only about a long transcript.
_NEXT_STEP = " In a chat, please start a new conversation."


@dataclass(frozen=True, slots=True)
class Request:
    """From a principal. `path`: parameters as sent; `query`: parameters, decoded; `headers`: by name in lower case."""

    context: AuditContext
    scopes: tuple[str, ...]
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str | None

    @classmethod
    def from_event(cls, event: Event, principal: Principal) -> Request:
        """Raises PayloadTooLarge, and InvalidRequest for another kind of event."""
        return cls(
            context=AuditContext(
                tenant=principal.tenant,
                actor=principal.id,
                address=address(event),
                request_id=request_id(event),
                at=received_at(event),
            ),
            scopes=principal.scopes,
            path=PathParameters(event.get("pathParameters") or {}),
            query=event.get("queryStringParameters") or {},
            headers=headers.combined(event.get("multiValueHeaders")),
            body=body_text(event, MANAGEMENT_BODY_MAX),
        )

    @property
    def at(self) -> datetime:
        """When API Gateway received it."""
        return self.context.at

    @property
    def tenant(self) -> str:
        return self.context.tenant

    @property
    def expected_revisions(self) -> frozenset[int] | None:
        """The revisions that may be changed, from If-Match; None for any. Raises InvalidRequest."""
        return headers.expected_revisions(self.headers)

    def precondition_failed(self) -> PreconditionFailed:
        """The error where the revision is none that If-Match names."""
        return headers.precondition_failed(self.headers)

    def idempotency_key(self, body: str, *operation: str) -> IdempotencyKey | None:
        """The key under which the request takes effect once; None without the header. Raises InvalidRequest.

        `body`: the same for equal requests. `operation`: its name, and the id of the token that it changes.
        """
        return idempotency.scoped_key(headers.idempotency_key(self.headers), self.context, *operation, body=body)


@dataclass(frozen=True, slots=True)
class BrowserRequest:
    """A request from a page. `headers` go out with the response, whatever it will be."""

    visitor: Visitor
    body: str | None
    headers: dict[str, str]

    @classmethod
    def from_event(cls, event: Event, body_max: int, extra_headers: dict[str, str]) -> BrowserRequest:
        """Raises PayloadTooLarge, and InvalidRequest for another kind of event."""
        visitor = Visitor(origin=origin(event), address=address(event), at=received_at(event))
        return cls(visitor, body_text(event, body_max, _NEXT_STEP), extra_headers)

    @property
    def at(self) -> datetime:
        return self.visitor.at

    def deadline(self, seconds_left: float) -> datetime:
        """When Lambda ends this invocation. `seconds_left`: from now, which may be later than the request's time."""
        return max(self.at, datetime.now(UTC)) + timedelta(seconds=seconds_left)

    def add_rate_headers(self, status: RateLimitStatus) -> None:
        self.headers.update(headers.rate_limit(status))


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


def request_id(event: Event) -> str:
    """API Gateway's extended request id. A caller can choose the other one, so it is not logged."""
    extended: str = event["requestContext"]["extendedRequestId"]
    return extended


def origin(event: Event) -> str | None:
    """Two Origin headers are no origin: together they match none. An empty one names none."""
    return headers.combined(event.get("multiValueHeaders")).get("origin") or None


def principal(event: Event) -> Principal:
    """The caller that the authorizer admitted.

    Raises Unauthenticated if the event names nobody: a route that lost its authorizer must admit nobody.
    Raises CredentialRejected if the credential has expired since the authorizer checked it. Raises Unavailable if the
    event does not say when it expires: API Gateway may have cached an older version's response before a deployment.
    """
    authorized = event["requestContext"].get("authorizer") or {}
    if not (authorized.get("principalId") and authorized.get("tenant")):
        raise Unauthenticated(
            hint="The event's requestContext.authorizer must have a principalId, tenant, scopes, and expiresAt."
        )
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


def address(event: Event) -> str:
    """The client's. Raises InvalidRequest for another kind of event."""
    match event["requestContext"]:
        # The console's Test button sends a word in place of an address.
        case {"identity": {"sourceIp": str(connection)}} if connection != "test-invoke-source-ip":
            return client_address.resolve(event, connection)
    raise _unsupported_event()


class PathParameters(dict[str, str]):
    """By name, as the caller sent them: API Gateway decodes none. Raises InvalidRequest for a missing one."""

    def __missing__(self, name: str) -> str:
        raise InvalidRequest(f"The event lacks pathParameters.{name}.", code="invalid_event")


def body_text(event: Event, max_bytes: int, next_step: str = "") -> str | None:
    """The body as text. Bytes that are not UTF-8 have become U+FFFD, here or in API Gateway.

    Raises PayloadTooLarge, and InvalidRequest for what only a developer's own event can hold: invalid base64, or no
    text.
    """
    text = event.get("body")
    if not isinstance(text, str | None):
        raise InvalidRequest(
            "The event's body is not text.",
            code="invalid_event",
            hint="Write JSON as one string, as API Gateway sends it.",
        )
    if text is not None and event.get("isBase64Encoded"):
        try:
            text = a2b_base64(text, strict_mode=True).decode(errors="replace")
        except ValueError:
            raise InvalidRequest("The body is not base64, although the event's isBase64Encoded is true.") from None
    if text is not None and len(text.encode(errors="replace")) > max_bytes:
        limit = f"{max_bytes >> 20} MB" if max_bytes >> 20 else f"{max_bytes >> 10} KB"
        raise PayloadTooLarge(f"The body is larger than {limit}.{next_step}")
    return text


def _unsupported_event() -> InvalidRequest:
    """Only a developer can cause it, with an event sent by hand."""
    return InvalidRequest(
        "This is not the event of an API Gateway REST API with Lambda proxy integration.",
        code="invalid_event",
        hint="`sam local generate-event apigateway aws-proxy` prints such an event.",
    )
