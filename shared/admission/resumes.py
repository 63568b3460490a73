"""Admits a page that reports outputs of its tools. It is not a message: it has a window and a cap of its own."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.admission import checks
from shared.admission.messages import AdmittedMessage
from shared.errors import Gone
from shared.rules import execution, execution_id, input_limits, session, target, turn
from shared.rules.client_tools import NO_TOOLS, ClientTool, Offer
from shared.rules.execution_id import ExecutionId
from shared.rules.rate_limit import Window
from shared.rules.target import Target
from shared.rules.turn import Turn
from shared.rules.visitor import Visitor
from shared.store import client_tokens, counters, executions, known_visitors, offers, sessions, targets, turn_items
from shared.store.table import Item, Key

# Fixed, not settings of the token. An execution has a cap of its own.
_WINDOWS = (Window("r", 60, 60),)


def admit_resume(
    visitor: Visitor,
    session_id: str,
    wanted: ExecutionId,
    outputs: Mapping[str, Any],
    offer: Offer,
    deadline: datetime,
) -> AdmittedMessage:
    """`deadline`: when this invocation has ended.

    The session may be another one than that of the message, if both are of the same conversation: a session may end
    while its visitor thinks.
    """
    known = session.parse_id(session_id)
    current = sessions.find(known.digest, at=visitor.at) if known else None
    if known is None or current is None or session.has_timed_out(current, visitor.at):
        raise session.ended()
    token_key = client_tokens.key(known.token_id)
    visitor_key = known_visitors.key(current.visitor_id) if current.visitor_id else None
    items = checks.read(visitor.at, token_key, visitor_key)
    if token_key not in items:
        raise session.ended()
    token = client_tokens.from_item(items[token_key])
    checks.require_allowed(visitor, token, current.jti)
    if not session.is_alive(current, token, visitor.at) or current.origin != checks.bound_origin(visitor):
        raise session.ended()
    status = counters.hit(counters.key(token.id, visitor.address), _WINDOWS, visitor.at)
    checks.require_within_limit(status, "Too many answers to the assistant came from your connection.")
    if visitor_key and not known_visitors.is_known(items.get(visitor_key)):
        # The next person at that computer must not continue the conversation of a visitor who was forgotten.
        raise execution.unknown()
    # Only for a counted attempt, because they can be large.
    turn_key, record_key = executions.keys(current, wanted)
    tools_key = offers.key(current) if offer.tools is None else None
    items = checks.read(visitor.at, turn_key, record_key, tools_key)
    stored = _paused(items, turn_key, record_key)
    own = turn.lease(execution_id.new_secret(secrets.token_bytes), deadline)
    going_on = execution.go_on(stored, wanted, outputs, own, visitor.at)
    found = target.require_available(targets.find(known.target_reference))
    kept = offers.from_item(items.get(tools_key)) if tools_key else None
    page_input = replace(execution.asked_with(going_on), tools=_tools(found, offer, kept))
    # Before the outputs are stored and the target is asked.
    input_limits.require_within(found.limits, page_input)
    if found.limits.client_tools and offer.tools is not None:
        offers.save(current, offer)
    executions.go_on(current, stored, going_on)
    return AdmittedMessage(token, current, going_on, found, page_input, visitor.at, is_resumed=True)


def _paused(items: Mapping[Key, Item], turn_key: Key, record_key: Key) -> Turn:
    if items.get(record_key, {}).get("is_gone"):
        raise Gone
    if turn_key not in items:
        raise execution.unknown()
    return turn_items.from_item(items[turn_key])


def _tools(found: Target, offer: Offer, kept: Offer | None) -> Sequence[ClientTool]:
    """Without a word about them, the page still has the tools that it has offered before."""
    if not found.limits.client_tools:
        return ()
    return (kept or NO_TOOLS).tools or () if offer == NO_TOOLS else offer.resolve(kept)
