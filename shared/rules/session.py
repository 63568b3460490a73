"""Sessions: what a browser gets for a client token, bound to an origin, a target, and a conversation."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.errors import Unauthenticated
from shared.rules import base62, client_token, digest, identifier, message_log, target
from shared.rules.client_token import ClientToken
from shared.rules.identifier import RandomBytes

# The widget does not send in the last minute of a session, so one minute would be useless.
IDLE_TIMEOUT_MIN = timedelta(minutes=2)
# How long after its end a session still accepts feedback.
FEEDBACK_PERIOD = timedelta(days=1)
_SHAPE = re.compile(r"cs_([0-7][0-9a-hjkmnp-tv-z]{25})_([0-9A-Za-z]{20})_[0-9A-Za-z]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """`tenant`: the token's; `jti`: of the token's value that opened it, with which it ends.

    `origin`: empty for a native app; `log`: of the visitor's messages (see message_log); `idle_until`: slides with each
    message that is accepted. `visitor_id`: the returning visitor whose conversation this is, None if it is nobody's.
    `former_messages`: how many messages of the log belong to conversations that the session has left.
    """

    digest: str
    tenant: str
    token_id: str
    jti: str
    origin: str
    target_id: str
    conversation_id: str
    log: str = ""
    idle_until: datetime
    visitor_id: str | None = None
    former_messages: int = 0

    @property
    def message_count(self) -> int:
        """The number of the visitor's messages that were accepted and paid for."""
        return message_log.length(self.log)

    @property
    def last_message_at(self) -> datetime | None:
        last = message_log.last(self.log)
        return last.at if last else None


@dataclass(frozen=True, slots=True)
class SessionIdParts:
    """The parts of a session id. They prove nothing until the session itself is found."""

    digest: str
    token_id: str
    target_reference: str


def mint(
    token: ClientToken,
    *,
    jti: str,
    target_id: str,
    origin: str,
    at: datetime,
    random_bytes: RandomBytes,
    visitor_id: str | None = None,
) -> tuple[str, Session]:
    """A new session's id, a secret of 190 random bits, and its record, which holds only the id's digest."""
    secret = base62.encode(int.from_bytes(random_bytes(32)), 32)
    session_id = f"cs_{token.id.removeprefix('ct_')}_{target.reference(token.tenant, target_id)}_{secret}"
    session = Session(
        digest=digest.sha256_hex(session_id),
        tenant=token.tenant,
        token_id=token.id,
        jti=jti,
        origin=origin,
        target_id=target_id,
        conversation_id=identifier.new("conv", at, random_bytes),
        idle_until=idle_until(token, at),
        visitor_id=visitor_id,
    )
    return session_id, session


def parse_id(session_id: str) -> SessionIdParts | None:
    """None if this cannot be a session id."""
    shape = _SHAPE.fullmatch(session_id)
    return SessionIdParts(digest.sha256_hex(session_id), f"ct_{shape[1]}", shape[2]) if shape else None


def require_id(session_id: object) -> None:
    """Refuses a text that cannot be a session id, before the rest of its request is read."""
    if isinstance(session_id, str) and parse_id(session_id) is None:
        raise ended()


def ended() -> Unauthenticated:
    """The same error in every case: malformed, unknown, timed out, or its token's value was replaced."""
    return Unauthenticated(
        "This session has ended.", code="session_ended", hint="Please reload the page to start a new one."
    )


def resume(session: Session, token: ClientToken, *, jti: str, at: datetime) -> Session:
    """The session, extended and bound to the value that works longer: its own, or the one presented now."""
    bound_to = jti if client_token.outlives(token, jti, session.jti) else session.jti
    return replace(session, jti=bound_to, idle_until=idle_until(token, at))


def leave_conversation(session: Session, *, at: datetime, random_bytes: RandomBytes) -> Session:
    """The session in a fresh conversation that is nobody's, once its visitor was forgotten.

    The next person at that computer must not continue the former one's conversation. The budget of the session goes on.
    """
    return replace(
        session,
        conversation_id=identifier.new("conv", at, random_bytes),
        visitor_id=None,
        former_messages=session.message_count,
    )


def has_timed_out(session: Session, at: datetime) -> bool:
    """Whether it was idle for too long. This needs no read of the token."""
    return at >= session.idle_until


def is_alive(session: Session, token: ClientToken, at: datetime) -> bool:
    """A session ends with the value that opened it, so that replacing a stolen value also ends stolen sessions.

    It also ends when its target is removed from the token.
    """
    return (
        not has_timed_out(session, at)
        and client_token.is_valid_jti(token, session.jti, at=at)
        and client_token.allows_target(token, session.target_id)
    )


def accepts_feedback(session: Session, at: datetime) -> bool:
    """Whether it is alive or ended less than a day ago."""
    return at < session.idle_until + FEEDBACK_PERIOD


def idle_until(token: ClientToken, at: datetime) -> datetime:
    return at + max(timedelta(minutes=token.settings.session_idle_timeout_minutes), IDLE_TIMEOUT_MIN)
