"""Requests for a visitor's history, read from the event of a Lambda proxy integration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.gateway import headers
from shared.gateway import request as events
from shared.gateway.request import Event
from shared.rules.returning_visitor import HistoryAccess
from shared.rules.visitor import Visitor

# 49,152 characters, each of which may take 12 bytes of JSON.
_BODY_MAX = 1024 * 1024


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """A request of a page for its visitor's history. `secret`: the visitor's. `has_proof`: of another identity."""

    visitor: Visitor
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: str | None
    secret: str | None
    has_proof: bool

    @classmethod
    def from_event(cls, event: Event, extra_headers: dict[str, str]) -> HistoryRequest:
        """Raises PayloadTooLarge, and InvalidRequest for another kind of event."""
        given = headers.combined(event.get("multiValueHeaders"))
        has_proof = "x-identity-proof" in given
        extra_headers.update(headers.identity_status(has_proof=has_proof))
        # A browser sends no Origin header with a GET to the page's own origin.
        is_same_origin = given.get("sec-fetch-site") == "same-origin"
        return cls(
            visitor=Visitor(
                origin=events.origin(event),
                address=events.address(event),
                at=events.received_at(event),
                own_host=given.get("host") if is_same_origin else None,
            ),
            path=events.PathParameters(event.get("pathParameters") or {}),
            query=event.get("queryStringParameters") or {},
            body=events.body_text(event, _BODY_MAX),
            secret=given.get("x-visitor-token"),
            has_proof=has_proof,
        )

    @property
    def at(self) -> datetime:
        return self.visitor.at

    @property
    def conversation_id(self) -> str:
        """As sent. Raises InvalidRequest if the event lacks it."""
        return self.path["conversationId"]

    @property
    def execution_id(self) -> str:
        """As sent. Raises InvalidRequest if the event lacks it."""
        return self.path["executionId"]

    def access(self, session_id: str) -> HistoryAccess:
        return HistoryAccess(visitor=self.visitor, session_id=session_id, secret=self.secret, has_proof=self.has_proof)
