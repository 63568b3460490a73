"""Sessions in the table, by the digest of their id."""

from __future__ import annotations

import math
from datetime import datetime

from shared.rules import timestamps
from shared.rules.session import FEEDBACK_PERIOD, Session
from shared.store import table, usage
from shared.store.table import Item, Key, Throttled, TransactionConflict

_SAVE = (
    "SET tenant = :tenant, token_id = :token_id, jti = :jti, origin = :origin, target_id = :target_id,"
    " conversation_id = :conversation_id, message_count = if_not_exists(message_count, :zero),"
    " idle_until = :idle_until, expires_at = :expiry"
)


# The index of the token's use in the transaction.
_USE = 1


def key(digest: str) -> Key:
    return f"SESSION#{digest}", "RECORD"


def find(digest: str, *, at: datetime) -> Session | None:
    item = table.get(key(digest), at=at)
    return from_item(item) if item else None


def from_item(item: Item) -> Session:
    last = item.get("last_message_at")
    return Session(
        digest=item["pk"].removeprefix("SESSION#"),
        tenant=item["tenant"],
        token_id=item["token_id"],
        jti=item["jti"],
        origin=item["origin"],
        target_id=item["target_id"],
        conversation_id=item["conversation_id"],
        message_count=item["message_count"],
        last_message_at=timestamps.from_text(last) if last else None,
        idle_until=timestamps.from_text(item["idle_until"]),
    )


def save(session: Session, *, counts_use: bool, at: datetime) -> None:
    """Stores a new or extended session and, with `counts_use`, the token's last use."""
    values = {
        ":tenant": session.tenant,
        ":token_id": session.token_id,
        ":jti": session.jti,
        ":origin": session.origin,
        ":target_id": session.target_id,
        ":conversation_id": session.conversation_id,
        ":zero": 0,
    }
    keeping = table.update_write(key(session.digest), _SAVE, values | expiry_values(session.idle_until))
    use = [usage.count_write(session.token_id, 0, at)] if counts_use else []
    try:
        table.transact([keeping, *use])
    except (TransactionConflict, Throttled) as busy:
        if isinstance(busy, Throttled) and _USE not in busy.indexes:
            raise
        # Another request records the same minute, or the page sends a message at the same time.
        table.transact_with_retries([keeping])


def expiry_values(idle_until: datetime) -> dict[str, str | int]:
    """The values of an expression that extends a session: `:idle_until`, and `:expiry` for the table's TTL."""
    return {
        ":idle_until": timestamps.to_text(idle_until),
        ":expiry": math.ceil((idle_until + FEEDBACK_PERIOD).timestamp()),
    }
