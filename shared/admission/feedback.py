"""Admits feedback, up to a day after its session's end."""

from __future__ import annotations

from shared.admission import checks
from shared.errors import NotFound
from shared.rules import client_token, digest, session
from shared.rules.client_token import ClientToken
from shared.rules.rate_limit import Window
from shared.rules.session import Session
from shared.rules.visitor import Visitor
from shared.store import client_tokens, counters, sessions

# Fixed, not a setting of the token: no honest page comes near it.
WINDOWS = (Window("f", 60, 60),)


def admit_feedback(visitor: Visitor, value: str, session_id: str) -> tuple[Session, ClientToken]:
    """Admits a visitor's feedback, up to a day after the session's end. Returns the session, and its token."""
    token_id = checks.token_id_of(value, visitor.at)
    known = session.parse_id(session_id)
    session_key = sessions.key(known.digest) if known and known.token_id == token_id else None
    items = checks.read(visitor.at, client_tokens.key(token_id), session_key)
    token = checks.known_token(items, token_id)
    jti = client_token.authenticate(token, digest.sha256_hex(value), at=visitor.at)
    checks.require_allowed(visitor, token, jti)
    # Before the session is looked at: the value proves the token only, and the token was read.
    status = counters.hit(counters.key(token_id, visitor.address), WINDOWS, visitor.at)
    checks.require_within_limit(status, "Too much feedback came from your connection.")
    found = sessions.from_item(items[session_key]) if session_key in items else None
    if found is None or not session.accepts_feedback(found, visitor.at):
        raise NotFound("This session does not exist, so it cannot take feedback.", code="session_not_found")
    if found.origin != checks.bound_origin(visitor):
        raise session.ended()
    return found, token
