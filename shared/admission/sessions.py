"""Opens sessions for a token value, or resumes them, with or without the visitor's history."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from shared.admission import checks, rates, visitors
from shared.rules import client_token, conversation, digest, returning_visitor, session
from shared.rules.client_token import ClientToken
from shared.rules.identifier import RandomBytes
from shared.rules.returning_visitor import AdmittedVisitor, SessionRequest
from shared.rules.session import Session
from shared.rules.visitor import Visitor
from shared.store import client_tokens, configs, conversations, counters, known_visitors, sessions, table, usage
from shared.store.table import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSession:
    """`visitor`: None without history. `revision`: of the conversation."""

    id: str
    session: Session
    token: ClientToken
    is_new: bool
    visitor: AdmittedVisitor | None
    revision: str


@dataclass(frozen=True, slots=True)
class _Binding:
    """What a session is bound to."""

    token: ClientToken
    jti: str
    target_id: str
    origin: str


def open_session(visitor: Visitor, value: str, wanted: SessionRequest, random_bytes: RandomBytes) -> OpenedSession:
    """Admits a visitor who presents a token value: opens a session, or resumes theirs."""
    at, history = visitor.at, wanted.history
    token_id = checks.token_id_of(value, at)
    known = session.parse_id(wanted.session_id) if wanted.session_id else None
    session_key = sessions.key(known.digest) if known and known.token_id == token_id else None
    parts = returning_visitor.parse_secret(history.secret, token_id) if history else None
    visitor_key = known_visitors.key(parts.visitor_id) if parts else None
    items = checks.read(at, client_tokens.key(token_id), session_key, visitor_key)
    token = checks.known_token(items, token_id)
    jti = client_token.authenticate(token, digest.sha256_hex(value), at=at)
    checks.require_allowed(visitor, token, jti)
    if history:
        checks.require_history(token)
    binding = _Binding(token, jti, client_token.choose_target(token, wanted.flow_id), checks.bound_origin(visitor))
    status = counters.hit(counters.key(token_id, visitor.address), rates.SESSIONS, at)
    checks.require_within_limit(status, "Too many sessions were opened from your connection.")
    admitted = visitors.admit(token, visitors.find(items, parts), history, at, random_bytes) if history else None
    record = None
    if admitted and history and history.conversation_id is not None:
        record = visitors.continued(token, admitted.visitor, history.conversation_id, wanted.flow_id, at)
        binding = replace(binding, target_id=record["flow_id"])
    # Visitors who return with a session leave the use to others.
    binding = replace(binding, token=_complete(token, at, records_use=session_key is None))
    before = sessions.from_item(items[session_key]) if session_key in items else None
    opened = _resumed(wanted.session_id or "", before, binding, admitted, at) if before else None
    return opened or _new(binding, admitted, record, at, random_bytes)


def _resumed(
    session_id: str, before: Session, binding: _Binding, admitted: AdmittedVisitor | None, at: datetime
) -> OpenedSession | None:
    """The session that the page still has. None if it does not continue, or not for this visitor."""
    token, is_same_place = binding.token, (before.origin, before.target_id) == (binding.origin, binding.target_id)
    if not (is_same_place and session.is_alive(before, token, at)):
        return None
    resumed = session.resume(before, token, jti=binding.jti, at=at)
    if admitted:
        record = conversations.find_record(before.conversation_id, at=at)
        resumed = replace(resumed, visitor_id=admitted.visitor.id)
        if not (_may_claim(before, record, admitted) and sessions.extend(resumed)):
            return None
        if record and "owner_pk" not in record:
            conversations.claim(before.conversation_id, admitted.visitor.id)
        revision = conversations.revision(record)
    else:
        # The visitor whose session it is may have been forgotten.
        if before.visitor_id and not known_visitors.exists(before.visitor_id, at=at):
            return None
        if not sessions.extend(resumed):
            return None
        revision = conversation.revision(before.message_count - before.former_messages)
    return OpenedSession(id=session_id, session=resumed, token=token, is_new=False, visitor=admitted, revision=revision)


def _may_claim(before: Session, record: Item | None, admitted: AdmittedVisitor) -> bool:
    """Whether the session's conversation is this visitor's already, or nobody's."""
    is_free = before.visitor_id in {None, admitted.visitor.id}
    return is_free and (record is None or conversations.may_be_owned(record, admitted.visitor.id))


def _new(
    binding: _Binding, admitted: AdmittedVisitor | None, record: Item | None, at: datetime, random_bytes: RandomBytes
) -> OpenedSession:
    """`record`: of the conversation that it continues, None for a new one."""
    session_id, current = session.mint(
        binding.token,
        jti=binding.jti,
        target_id=binding.target_id,
        origin=binding.origin,
        at=at,
        random_bytes=random_bytes,
        visitor_id=admitted.visitor.id if admitted else None,
    )
    if record:
        current = replace(current, conversation_id=record["id"])
    sessions.save(current)
    return OpenedSession(
        id=session_id,
        session=current,
        token=binding.token,
        is_new=True,
        visitor=admitted,
        revision=conversations.revision(record),
    )


def _complete(token: ClientToken, at: datetime, *, records_use: bool) -> ClientToken:
    """The token with its config, whose use is recorded.

    Last, because a config can be large: it is read only for admitted visitors. At half price, because an old usage
    does no harm, and an old config is noticed.
    """
    usage_keys = [usage.key(token.id)] if records_use else []
    late = table.read([*usage_keys, *configs.keys(token)], is_consistent=False, at=at)
    if usage_keys and usage.from_item(late.get(usage.key(token.id))).should_record(at):
        usage.record_use(token.id, at)
    return configs.complete(token, late)
