"""Admits visitors who open a session with a token value, or resume theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.admission import checks
from shared.rules import client_token, digest, session
from shared.rules.client_token import ClientToken
from shared.rules.identifier import RandomBytes
from shared.rules.rate_limit import Window
from shared.rules.session import Session
from shared.rules.visitor import Visitor
from shared.store import client_tokens, configs, counters, sessions, table, usage

# Fixed, not a setting of the token: no honest page comes near it.
WINDOWS = (Window("i", 60, 60),)


@dataclass(frozen=True, slots=True)
class AdmittedSession:
    """What a session is bound to. `resumed`: the id and session that the page still has, if they continue."""

    token: ClientToken
    jti: str
    target_id: str
    origin: str
    resumed: tuple[str, Session] | None

    def mint(self, at: datetime, random_bytes: RandomBytes) -> tuple[str, Session]:
        """A new session and its id."""
        return session.mint(
            self.token, jti=self.jti, target_id=self.target_id, origin=self.origin, at=at, random_bytes=random_bytes
        )


def admit_session(visitor: Visitor, value: str, *, session_id: str | None, flow_id: str | None) -> AdmittedSession:
    """Admits a visitor who presents a token value: starts a session, or resumes theirs."""
    token_id = checks.token_id_of(value, visitor.at)
    known = session.parse_id(session_id) if session_id else None
    session_key = sessions.key(known.digest) if known and known.token_id == token_id else None
    items = checks.read(visitor.at, client_tokens.key(token_id), session_key)
    token = checks.known_token(items, token_id)
    jti = client_token.authenticate(token, digest.sha256_hex(value), at=visitor.at)
    checks.require_allowed(visitor, token)
    target_id = client_token.choose_target(token, flow_id)
    status = counters.hit(counters.key(token_id, visitor.address), WINDOWS, visitor.at)
    checks.require_within_limit(status, "Too many sessions were opened from your connection.")
    page = checks.bound_origin(visitor)
    resumed = None
    if session_id and session_key in items:
        found = sessions.from_item(items[session_key])
        if session.is_alive(found, token, visitor.at) and (found.origin, found.target_id) == (page, target_id):
            resumed = session_id, session.resume(found, token, jti=jti, at=visitor.at)
    # Last, because a config can be large: it is read only for admitted visitors. At half price, because an old usage
    # does no harm, and an old config is noticed. Visitors who return with a session leave the use to others.
    usage_keys = [] if session_key else [usage.key(token_id)]
    late = table.read([*usage_keys, *configs.keys(token)], is_consistent=False, at=visitor.at)
    token = configs.complete(token, late)
    if usage_keys and usage.from_item(late.get(usage.key(token_id))).should_record(visitor.at):
        usage.record_use(token_id, visitor.at)
    return AdmittedSession(token, jti, target_id, page, resumed)
