"""Sessions in the table, by the digest of their id."""

from __future__ import annotations

import math
from datetime import datetime

from shared.rules import session, timestamps
from shared.rules.session import FEEDBACK_PERIOD, Session
from shared.store import table
from shared.store.table import ConditionFailed, Item, Key

_SAVE = (
    "SET tenant = :tenant, token_id = :token_id, jti = :jti, origin = :origin, target_id = :target_id,"
    " conversation_id = :conversation_id, message_log = if_not_exists(message_log, :empty),"
    " idle_until = :idle_until, expires_at = :expiry"
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
    )


def save(current: Session) -> None:
    """Stores a new or extended session. Its log stays as it is stored."""
    values = {
        ":tenant": current.tenant,
        ":token_id": current.token_id,
        ":jti": current.jti,
        ":origin": current.origin,
        ":target_id": current.target_id,
        ":conversation_id": current.conversation_id,
        ":empty": "",
    }
    table.write(table.update_write(key(current.digest), _SAVE, values | expiry_values(current.idle_until)))


def accept(before: Session, after: Session) -> Session:
    """Stores one more message of a session. Returns the session as it is then, which may have another one instead."""
    accepting = table.update_write(
        key(before.digest),
        "SET message_log = :after, idle_until = :idle_until, expires_at = :expiry",
        {":before": before.log, ":after": after.log} | expiry_values(after.idle_until),
        condition="message_log = :before",
    )
    try:
        table.write(accepting)
    except ConditionFailed as failure:
        if failure.found is None:
            raise session.ended() from None
        return from_item(failure.found)
    return after


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
