"""Recognizes returning visitors when a session is opened, and the conversation that they continue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from shared.errors import Unauthenticated
from shared.rules import client_token, conversation, returning_visitor
from shared.rules.client_token import ClientToken
from shared.rules.identifier import RandomBytes
from shared.rules.returning_visitor import AdmittedVisitor, HistoryRequest, ReturningVisitor, SecretParts
from shared.store import conversations, known_visitors, returning_visitors
from shared.store.table import Item, Key


def find(items: Mapping[Key, Item], parts: SecretParts | None) -> ReturningVisitor | None:
    """The visitor whose secret this is, among items that were read. None if it was forgotten or has expired."""
    item = items.get(known_visitors.key(parts.visitor_id)) if parts else None
    if parts is None or item is None or not known_visitors.is_known(item):
        return None
    found = returning_visitors.from_item(item)
    return found if returning_visitor.is_proven(found, parts) else None


def admit(
    token: ClientToken,
    known: ReturningVisitor | None,
    history: HistoryRequest,
    at: datetime,
    random_bytes: RandomBytes,
) -> AdmittedVisitor:
    """The visitor, whose lifetime starts again, or a new one.

    Raises Unauthenticated if the page wants to continue a conversation of an unknown visitor. Runtype's
    widget recognizes exactly this text in `error`, and opens an ordinary session.
    """
    if known:
        visitor = returning_visitor.renew(known, at)
        if visitor is known or returning_visitors.extend(visitor):
            return AdmittedVisitor(visitor=visitor, secret=None, identity_status=history.identity_status)
    if history.conversation_id is not None:
        raise Unauthenticated("visitor_required", code="visitor_required")
    secret, visitor = returning_visitor.mint(token, at=at, random_bytes=random_bytes)
    returning_visitors.add(visitor)
    return AdmittedVisitor(visitor=visitor, secret=secret, identity_status=history.identity_status)


def continued(
    token: ClientToken, visitor: ReturningVisitor, conversation_id: str, flow_id: str | None, at: datetime
) -> Item:
    """The record of the conversation to continue.

    Raises NotFound if it is not this visitor's, or if the page or the token is not for its flow or agent.
    """
    record = conversations.find_owned(conversation_id, visitor.id, at=at)
    if (
        record is None
        or flow_id not in {None, record["flow_id"]}
        or not client_token.allows_target(token, record["flow_id"])
    ):
        raise conversation.unknown()
    return record
