"""Admits messages. The last check, after those that cost nothing and those that count, spends the session's budget."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from shared.admission import checks, daily_budget, rates
from shared.rules import conversation, execution_id, input_limits, session, target, turn
from shared.rules.client_token import ClientToken
from shared.rules.client_tools import NO_TOOLS, Offer
from shared.rules.rate_limit import RateLimitStatus
from shared.rules.session import Session
from shared.rules.target import Target
from shared.rules.target_request import PageInput, TargetRequest
from shared.rules.turn import Turn
from shared.rules.visitor import Visitor
from shared.store import client_tokens, counters, known_visitors, offers, sessions, turns, usage

# As many messages may arrive while a session leaves a conversation.
_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class AdmittedMessage:
    """`target` is None if the reply is stored already. `is_resumed`: it goes on after a pause."""

    token: ClientToken
    session: Session
    turn: Turn
    target: Target | None
    page_input: PageInput
    at: datetime
    is_resumed: bool = False

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
            history=cache(
                lambda: input_limits.select_history(
                    found.limits,
                    page_input,
                    turns.newest_first(current.conversation_id, page_input.message.at, at=self.at),
                )
            ),
            seconds_left=seconds_left,
            attachments=page_input.attachments,
            inputs=page_input.inputs,
            metadata=page_input.metadata,
            context=page_input.context,
            tools=page_input.tools,
            steps=page_input.steps,
        )
        return found, target_request


def admit_message(
    visitor: Visitor,
    session_id: str,
    page_input: PageInput,
    deadline: datetime,
    add_rate_headers: Callable[[RateLimitStatus], None],
    offer: Offer = NO_TOOLS,
) -> AdmittedMessage:
    """Admits a visitor's message. `deadline`: when this invocation has ended. `add_rate_headers` receives the
    visitor's rate limit status. `offer`: the page's tools.

    The reads follow the order of proof: a made-up session id costs one read, of a key that nobody else uses. The
    target is read last, because many visitors share it and a system prompt can make it large.
    """
    known = session.parse_id(session_id)
    current = sessions.find(known.digest, at=visitor.at) if known else None
    if known is None or current is None or session.has_timed_out(current, visitor.at):
        raise session.ended()
    # A move costs two write units, so such a message leaves to others what can wait: its use, and old counters.
    is_moving = conversation.moves(current.last_message_at, visitor.at)
    token_key, usage_key = client_tokens.key(known.token_id), usage.key(known.token_id)
    visitor_key = known_visitors.key(current.visitor_id) if current.visitor_id else None
    items = checks.read(visitor.at, token_key, None if is_moving else usage_key, visitor_key)
    if token_key not in items:
        raise session.ended()
    token = client_tokens.from_item(items[token_key])
    checks.require_allowed(visitor, token, current.jti)
    if not session.is_alive(current, token, visitor.at) or current.origin != checks.bound_origin(visitor):
        raise session.ended()
    counter_key = counters.key(token.id, visitor.address)
    status = counters.hit(counter_key, rates.messages(token), visitor.at, is_drop_deferred=is_moving)
    add_rate_headers(status)
    # A visitor who has sent nothing yet is not too fast: others behind the same address are.
    is_first = current.message_count == 0
    what = "Too many messages are coming from your network." if is_first else "You are sending messages too quickly."
    checks.require_within_limit(status, what)
    if visitor_key and not known_visitors.is_known(items.get(visitor_key)):
        # The next person at that computer must not continue the conversation of a visitor who was forgotten.
        current = _leave_conversation(current, visitor.at)
    stored = turns.find(current, page_input.message.id, at=visitor.at)
    found = None
    if stored is None or stored.reply is None:
        # Before the message is stored and paid for.
        found = daily_budget.find_target(token, known.target_reference, visitor.at)
        if found.limits.client_tools:
            # Only for a counted attempt, because they can be large.
            kept = offers.find(current, at=visitor.at) if offer.is_reference else None
            page_input = replace(page_input, tools=offer.resolve(kept))
        input_limits.require_within(found.limits, page_input)
        if found.limits.client_tools and offer.is_new:
            offers.save(current, offer)
    shown = dict(page_input.displays)
    # Of a message that is stored, only what is displayed instead is taken.
    new_display = None if stored else shown.pop(page_input.message.id, None)
    if shown and current.visitor_id:
        # Imported on use: few pages send it, and a cold start takes as long as its imports.
        from shared.store import displays  # noqa: PLC0415

        displays.replace_known(current.conversation_id, current.visitor_id, shown, at=visitor.at)
    lease = turn.lease(execution_id.new_secret(secrets.token_bytes), deadline)
    begun = turns.begin(current, token, page_input.message, lease, stored=stored, at=visitor.at, display=new_display)
    # The first message is recorded with its conversation.
    if found and not is_moving and usage.from_item(items.get(usage_key)).should_record(visitor.at):
        usage.record_use(token.id, visitor.at)
    return AdmittedMessage(token, current, begun, found, page_input, visitor.at)


def _leave_conversation(current: Session, at: datetime) -> Session:
    """The session in another conversation. Raises Conflict if too many messages arrive meanwhile."""
    for _ in range(_ATTEMPTS):
        fresh = session.leave_conversation(current, at=at, random_bytes=secrets.token_bytes)
        stored = sessions.leave_conversation(current, fresh)
        if stored.conversation_id != current.conversation_id:
            return stored
        # It has accepted another message, which belongs to the conversation that it leaves.
        current = stored
    raise turn.in_progress()
