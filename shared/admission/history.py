"""Admits requests for a visitor's history: the session says where, and the visitor's secret says whose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.admission import checks, visitors
from shared.errors import Unauthenticated, Unavailable
from shared.rules import conversation, identifier, returning_visitor, session
from shared.rules.client_token import ClientToken
from shared.rules.rate_limit import Window
from shared.rules.returning_visitor import HistoryAccess, ReturningVisitor, SecretParts
from shared.rules.session import Session
from shared.store import client_tokens, conversations, counters, known_visitors, sessions
from shared.store.table import Item, Key

# Fixed, not settings of the token: no honest page comes near them.
WINDOWS = (Window("v", 60, 120),)
DISPLAY_WINDOWS = (Window("d", 60, 120),)
_TOO_OFTEN = "Too many requests for conversations came from your connection."


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedHistory:
    """`session`: the one that the page has, which may be another visitor's: the secret decides.

    `record`: of the conversation that the page names, whether or not it is the visitor's.
    """

    session: Session
    visitor: ReturningVisitor
    record: Item | None
    at: datetime


def admit_history(
    access: HistoryAccess, conversation_id: str | None = None, windows: tuple[Window, ...] = WINDOWS
) -> AdmittedHistory:
    """The visitor whose secret the page has. Raises Unauthenticated, and TooManyRequests.

    The reads follow the order of proof: a made-up session id costs one read, of a key that nobody else uses.
    """
    current, token, items = _proven(access, conversation_id)
    # Before the secret is looked at, so that nobody tries secrets without limit.
    _count(access, token, windows)
    visitor = visitors.find(items, _parts(access, token.id))
    if not access.secret:
        raise Unauthenticated("Visitor token required", code="visitor_token_required")
    if visitor is None:
        raise Unauthenticated("Visitor not found or expired", code="visitor_not_found")
    record = items.get(conversations.record_key(conversation_id)) if conversation_id else None
    return AdmittedHistory(session=current, visitor=visitor, record=record, at=access.visitor.at)


def admit_reset(access: HistoryAccess) -> ReturningVisitor | None:
    """The visitor to forget. None if the page has no secret, or one that nobody knows."""
    _, token, items = _proven(access)
    _count(access, token, WINDOWS)
    return visitors.find(items, _parts(access, token.id))


def find_conversation(admitted: AdmittedHistory, conversation_id: str) -> Item | None:
    """The record of the visitor's conversation. None for the session's own, in which nothing was said yet.

    Raises NotFound for any other, after the same calls.
    """
    record = admitted.record
    if record is None:
        is_own = (admitted.session.conversation_id, admitted.session.visitor_id) == (
            conversation_id,
            admitted.visitor.id,
        )
        if is_own:
            return None
        raise conversation.unknown()
    if not conversations.is_owned(record, admitted.visitor.id):
        raise conversation.unknown()
    return record


def require_displayed(admitted: AdmittedHistory, conversation_id: str) -> Item:
    """The record of the visitor's conversation, if the session is on it. Raises NotFound for any other."""
    record = find_conversation(admitted, conversation_id)
    if record is None or admitted.session.conversation_id != conversation_id:
        raise conversation.unknown()
    return record


def require_deletable(admitted: AdmittedHistory) -> Item:
    """The record of the visitor's conversation, also of one whose deletion was interrupted.

    Raises NotFound for any other, after the same calls.
    """
    if admitted.record is None or not conversations.was_owned(admitted.record, admitted.visitor.id):
        raise conversation.unknown()
    return admitted.record


def _proven(
    access: HistoryAccess, conversation_id: str | None = None
) -> tuple[Session, ClientToken, Mapping[Key, Item]]:
    """The session and its token, with what was read beside it: the visitor, and the conversation's record."""
    at = access.visitor.at
    if access.has_proof:
        # Before anything is read: nothing may be returned to somebody who claims another identity.
        raise Unavailable("identity_proof_not_admitted", code="identity_proof_not_admitted", retry_after=None)
    known = session.parse_id(access.session_id)
    current = sessions.find(known.digest, at=at) if known else None
    if known is None or current is None or session.has_timed_out(current, at):
        raise _session_ended()
    parts = _parts(access, known.token_id)
    visitor_key = known_visitors.key(parts.visitor_id) if parts else None
    is_id = conversation_id is not None and identifier.is_valid("conv", conversation_id)
    record_key = conversations.record_key(conversation_id) if conversation_id and is_id else None
    token_key = client_tokens.key(known.token_id)
    items = checks.read(at, token_key, visitor_key, record_key)
    if token_key not in items:
        raise _session_ended()
    token = client_tokens.from_item(items[token_key])
    page = access.visitor.on_page_of(current.origin)
    checks.require_allowed(page, token, current.jti)
    if not session.is_alive(current, token, at) or current.origin != checks.bound_origin(page):
        raise _session_ended()
    checks.require_history(token)
    return current, token, items


def _parts(access: HistoryAccess, token_id: str) -> SecretParts | None:
    return returning_visitor.parse_secret(access.secret, token_id)


def _count(access: HistoryAccess, token: ClientToken, windows: tuple[Window, ...]) -> None:
    key = counters.history_key(token.id, access.visitor.address)
    checks.require_within_limit(counters.hit(key, windows, access.visitor.at), _TOO_OFTEN)


def _session_ended() -> Unauthenticated:
    """Runtype's widget recognizes these words, and opens another session once."""
    return Unauthenticated("Session not found or expired", code="session_ended")
