"""Sessions in the table, by the digest of their id."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import datetime

from shared.rules import session, timestamps
from shared.rules.session import FEEDBACK_PERIOD, Session
from shared.store import table
from shared.store.table import ConditionFailed, Item, Key

_NEW = (
    "SET tenant = :tenant, token_id = :token_id, jti = :jti, origin = :origin, target_id = :target_id,"
    " conversation_id = :conversation_id, message_log = :log, idle_until = :idle_until, expires_at = :expiry"
)


def key(digest: str) -> Key:
    return f"SESSION#{digest}", "RECORD"


def find(digest: str, *, at: datetime) -> Session | None:
    item = table.get(key(digest), at=at)
    return from_item(item) if item else None


def from_item(item: Item) -> Session:
    return Session(
        digest=item["pk"].removeprefix("SESSION#"),
        tenant=item["tenant"],
        token_id=item["token_id"],
        jti=item["jti"],
        origin=item["origin"],
        target_id=item["target_id"],
        conversation_id=item["conversation_id"],
        log=item["message_log"],
        idle_until=timestamps.from_text(item["idle_until"]),
        visitor_id=item.get("visitor_id"),
        former_messages=item.get("former_messages", 0),
    )


def save(current: Session) -> None:
    """Stores a new session."""
    values = {
        ":tenant": current.tenant,
        ":token_id": current.token_id,
        ":jti": current.jti,
        ":origin": current.origin,
        ":target_id": current.target_id,
        ":conversation_id": current.conversation_id,
        ":log": current.log,
    } | expiry_values(current.idle_until)
    assignments = _NEW
    if current.visitor_id:
        values[":visitor_id"] = current.visitor_id
        assignments += ", visitor_id = :visitor_id"
    saving = table.update_write(key(current.digest), assignments, values, condition="attribute_not_exists(pk)")
    # Only another copy of this write can have come before.
    with suppress(ConditionFailed):
        table.write(saving)


def extend(current: Session) -> bool:
    """Stores a session that is resumed, and whose its conversation is. Its log stays as it is stored.

    False if it has left this conversation meanwhile, or if the conversation has become another visitor's.
    """
    values = {":jti": current.jti, ":conversation_id": current.conversation_id}
    assignments = "SET jti = :jti, idle_until = :idle_until, expires_at = :expiry"
    condition = "conversation_id = :conversation_id"
    if current.visitor_id:
        values[":visitor_id"] = current.visitor_id
        assignments += ", visitor_id = :visitor_id"
        condition += " AND (attribute_not_exists(visitor_id) OR visitor_id = :visitor_id)"
    extending = table.update_write(
        key(current.digest), assignments, values | expiry_values(current.idle_until), condition=condition
    )
    try:
        table.write(extending)
    except ConditionFailed:
        return False
    return True


def accept(before: Session, after: Session) -> Session:
    """Stores one more message of a session. Returns the session as it is then, which may have another one instead."""
    accepting = table.update_write(
        key(before.digest),
        "SET message_log = :after, idle_until = :idle_until, expires_at = :expiry",
        {":before": before.log, ":after": after.log, ":conversation_id": before.conversation_id}
        | expiry_values(after.idle_until),
        condition="message_log = :before AND conversation_id = :conversation_id",
        returns_item=True,
    )
    try:
        return from_item(table.write(accepting))
    except ConditionFailed as failure:
        return _found(failure)


def leave_conversation(before: Session, after: Session) -> Session:
    """Stores a session that goes on in a conversation of its own. Returns the session as it is then."""
    leaving = table.update_write(
        key(before.digest),
        "SET conversation_id = :after, former_messages = :former REMOVE visitor_id",
        {
            ":before": before.conversation_id,
            ":after": after.conversation_id,
            ":former": after.former_messages,
            ":log": before.log,
        },
        # A message that it accepts meanwhile is one of those that stay behind.
        condition="conversation_id = :before AND message_log = :log",
        returns_item=True,
    )
    try:
        return from_item(table.write(leaving))
    except ConditionFailed as failure:
        return _found(failure)


def end(current: Session, at: datetime) -> None:
    """Ends a session now. Its page gets a new one when it asks."""
    table.write(
        table.update_write(
            key(current.digest),
            "SET idle_until = :idle_until, expires_at = :expiry",
            expiry_values(at),
            condition="attribute_exists(pk)",
        )
    )


def expiry_values(idle_until: datetime) -> dict[str, str | int]:
    """The values of an expression that extends a session: `:idle_until`, and `:expiry` for the table's TTL."""
    return {
        ":idle_until": timestamps.to_text(idle_until),
        ":expiry": math.ceil((idle_until + FEEDBACK_PERIOD).timestamp()),
    }


def _found(failure: ConditionFailed) -> Session:
    """The session that is stored instead. Raises Unauthenticated if there is none."""
    if failure.found is None:
        raise session.ended() from None
    return from_item(failure.found)
