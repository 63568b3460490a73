"""Admission to the browser plane. Checks that cost nothing come first, then those that count, then those that spend.

Is the value or session known? Is the token active and not expired? Is the origin allowed? Is the session alive? Is the
client within its rate limit? Is the session within its message budget?
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from shared import log
from shared.errors import Forbidden, NotFound, TooManyRequests
from shared.rules import client_token, digest, input_limits, malformed_value, origin, session, target, token_value, turn
from shared.rules.client_token import ClientToken
from shared.rules.rate_limit import RateLimitStatus, Window
from shared.rules.session import Session
from shared.rules.target import Target
from shared.rules.target_request import PageInput, TargetRequest
from shared.rules.turn import Turn
from shared.rules.visitor import ORIGIN_LENGTH_MAX, Visitor, is_origin
from shared.store import client_tokens, configs, counters, sessions, table, targets, turns, usage, values
from shared.store.table import Item, Key

# Fixed, not settings of the token: no honest page comes near them.
_INIT_WINDOWS = (Window("i", 60, 60),)
_FEEDBACK_WINDOWS = (Window("f", 60, 60),)


@dataclass(frozen=True, slots=True)
class AdmittedSession:
    """What a session is bound to. `resumed`: the id and session that the page still has, if they continue."""

    token: ClientToken
    jti: str
    target_id: str
    origin: str
    resumed: tuple[str, Session] | None


@dataclass(frozen=True, slots=True)
class AdmittedMessage:
    """`target` is None if the reply is stored already."""

    token: ClientToken
    session: Session
    turn: Turn
    target: Target | None
    page_input: PageInput
    at: datetime

    def request(self, seconds_left: Callable[[], float]) -> tuple[Target, TargetRequest]:
        """The target and its request. `seconds_left`: until its answer must be complete.

        Raises InvalidRequest if the request exceeds what the target may be sent.
        """
        found = target.require_available(self.target)
        # The stored message counts. It may be longer than the one in a retry.
        page_input = replace(self.page_input, message=self.turn.message)
        input_limits.require_within(found.limits, page_input)
        current, settings = self.session, self.token.settings
        target_request = TargetRequest(
            conversation_id=current.conversation_id,
            token_id=self.token.id,
            environment=self.token.environment,
            target_id=current.target_id,
            pin_to_version=settings.pin_to_version,
            target_alias=settings.target_alias,
            target_version_id=settings.target_version_id,
            message=page_input.message,
            history=lambda: input_limits.select_history(
                found.limits,
                page_input,
                turns.newest_first(current.conversation_id, page_input.message.at, at=self.at),
            ),
            seconds_left=seconds_left,
            attachments=page_input.attachments,
            inputs=page_input.inputs,
            metadata=page_input.metadata,
            context=page_input.context,
        )
        return found, target_request


def admit_session(visitor: Visitor, value: str, *, session_id: str | None, flow_id: str | None) -> AdmittedSession:
    """Admits a visitor who presents a token value: starts a session, or resumes theirs."""
    token_id = _token_id_of(value, visitor.at)
    known = session.parse_id(session_id) if session_id else None
    session_key = sessions.key(known.digest) if known and known.token_id == token_id else None
    items = _read(visitor.at, client_tokens.key(token_id), session_key)
    token = _known_token(items, token_id)
    jti = client_token.authenticate(token, digest.sha256_hex(value), at=visitor.at)
    _require_allowed(visitor, token)
    target_id = client_token.choose_target(token, flow_id)
    status = counters.hit(counters.key(token_id, visitor.address), _INIT_WINDOWS, visitor.at)
    _require_within_limit(status, "Too many sessions were opened from your connection.")
    page = _bound_origin(visitor)
    resumed = None
    if session_id and session_key in items:
        found = sessions.from_item(items[session_key])
        if session.is_alive(found, token, visitor.at) and (found.origin, found.target_id) == (page, target_id):
            resumed = session_id, session.resume(found, token, jti=jti, at=visitor.at)
    # Last, because a config can be large: it is read only for admitted visitors. At half price, because an old usage
    # does no harm, and an old config is noticed.
    late = table.read([usage.key(token_id), *configs.keys(token)], is_consistent=False, at=visitor.at)
    token = configs.complete(token, late)
    if usage.from_item(late.get(usage.key(token_id))).should_record(visitor.at):
        usage.record_use(token_id, visitor.at)
    return AdmittedSession(token, jti, target_id, page, resumed)


def admit_message(
    visitor: Visitor,
    session_id: str,
    page_input: PageInput,
    deadline: datetime,
    add_rate_headers: Callable[[RateLimitStatus], None],
) -> AdmittedMessage:
    """Admits a visitor's message. `deadline`: when this invocation has ended. `add_rate_headers` receives the
    visitor's rate limit status.

    The reads follow the order of proof: a made-up session id costs one read, of a key that nobody else uses. The
    target is read last, because many visitors share it and a system prompt can make it large.
    """
    known = session.parse_id(session_id)
    current = sessions.find(known.digest, at=visitor.at) if known else None
    if known is None or current is None or session.has_timed_out(current, visitor.at):
        raise session.ended()
    token_key, usage_key = client_tokens.key(known.token_id), usage.key(known.token_id)
    items = _read(visitor.at, token_key, usage_key)
    if token_key not in items:
        raise session.ended()
    token = client_tokens.from_item(items[token_key])
    _require_allowed(visitor, token)
    if not session.is_alive(current, token, visitor.at) or current.origin != _bound_origin(visitor):
        raise session.ended()
    limits = (
        Window("m", 60, token.settings.rate_limit_per_minute),
        Window("h", 3600, token.settings.rate_limit_per_hour),
    )
    status = counters.hit(counters.key(token.id, visitor.address), limits, visitor.at)
    add_rate_headers(status)
    # A visitor who has sent nothing yet is not too fast: others behind the same address are.
    is_first = current.message_count == 0
    what = "Too many messages are coming from your network." if is_first else "You are sending messages too quickly."
    _require_within_limit(status, what)
    stored = turns.find(current, page_input.message.id, at=visitor.at)
    found = None
    if stored is None or stored.reply is None:
        found = target.require_available(targets.find(known.target_reference))
        # Before the message is stored and paid for.
        input_limits.require_within(found.limits, page_input)
    lease = turn.lease(secrets.token_hex(8), deadline)
    begun = turns.begin(current, token, page_input.message, lease, stored=stored, at=visitor.at)
    # The first message is recorded with its conversation.
    if found and not is_first and usage.from_item(items.get(usage_key)).should_record(visitor.at):
        usage.record_use(token.id, visitor.at)
    return AdmittedMessage(token, current, begun, found, page_input, visitor.at)


def admit_feedback(visitor: Visitor, value: str, session_id: str) -> Session:
    """Admits a visitor's feedback, up to a day after the session's end."""
    token_id = _token_id_of(value, visitor.at)
    known = session.parse_id(session_id)
    session_key = sessions.key(known.digest) if known and known.token_id == token_id else None
    items = _read(visitor.at, client_tokens.key(token_id), session_key)
    token = _known_token(items, token_id)
    client_token.authenticate(token, digest.sha256_hex(value), at=visitor.at)
    _require_allowed(visitor, token)
    found = sessions.from_item(items[session_key]) if session_key in items else None
    if found is None or not session.accepts_feedback(found, visitor.at):
        raise NotFound("This session does not exist, so it cannot take feedback.", code="session_not_found")
    if found.origin != _bound_origin(visitor):
        raise session.ended()
    status = counters.hit(counters.key(token_id, visitor.address), _FEEDBACK_WINDOWS, visitor.at)
    _require_within_limit(status, "Too much feedback came from your connection.")
    return found


def _token_id_of(value: str, at: datetime) -> str:
    """The id of the token that this may be a value of. A made-up value costs one small read of its own key."""
    token_id = token_value.subject(value)
    if token_id is None:
        raise malformed_value.error_for(value)
    if values.find(digest.sha256_hex(value), at=at) != token_id:
        raise client_token.unknown_value()
    return token_id


def _known_token(items: Mapping[Key, Item], token_id: str) -> ClientToken:
    key = client_tokens.key(token_id)
    if key not in items:
        raise client_token.unknown_value()
    return client_tokens.from_item(items[key])


def _read(at: datetime, *keys: Key | None) -> dict[Key, Item]:
    return table.read([key for key in keys if key is not None], is_consistent=True, at=at)


def _bound_origin(visitor: Visitor) -> str:
    """The origin that a session is bound to: empty for a native app. With *, the header can hold anything."""
    return (visitor.origin or "")[:ORIGIN_LENGTH_MAX]


def _require_allowed(visitor: Visitor, token: ClientToken) -> None:
    """Checks that the token is active, not expired, and for this origin. From here on, the log names the token."""
    log.bind(tenant=token.tenant, token_id=token.id)
    client_token.require_usable(token, at=visitor.at)
    if not origin.is_allowed(visitor.origin, token.settings.allowed_origins):
        raise Forbidden(
            "This client token may not be used here.", code="origin_not_allowed", hint=_origin_hint(visitor.origin)
        )


def _origin_hint(page: str | None) -> str:
    if page is None:
        return (
            "The request has no Origin header. Browsers send one; for native apps and servers, which send none, add "
            "native to the token's allowed origins."
        )
    if page == "null":
        return (
            "The page's origin is null, so it is a local file or in a sandboxed frame. Open it from a web server, or "
            "give the frame allow-same-origin."
        )
    # The header may hold anything, even a secret: only an origin is repeated.
    shown = page if is_origin(page) else "The request's Origin header"
    return f"{shown} is not among the token's allowed origins."


def _require_within_limit(status: RateLimitStatus, sentence: str) -> None:
    if status.retry_after:
        wait = f"Please wait {status.retry_after} second{'s' if status.retry_after > 1 else ''} and try again."
        raise TooManyRequests(sentence, hint=f"{sentence} {wait}", retry_after=status.retry_after)
