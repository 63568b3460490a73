"""Returning visitors in the table, under an id that is made from the digest of their secret."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from shared.rules import timestamps
from shared.rules.returning_visitor import ReturningVisitor
from shared.store import table
from shared.store.known_visitors import is_known, key
from shared.store.table import ConditionFailed, Item

_MARKED = timedelta(days=2)


def find(visitor_id: str, *, at: datetime) -> ReturningVisitor | None:
    item = table.get(key(visitor_id), at=at)
    return from_item(item) if item is not None and is_known(item) else None


def add(visitor: ReturningVisitor) -> None:
    pk, sk = key(visitor.id)
    item = {
        "pk": pk,
        "sk": sk,
        "tenant": visitor.tenant,
        "token_id": visitor.token_id,
        "digest": visitor.digest,
        "created_at": timestamps.to_text(visitor.created_at),
        "expires_at": int(visitor.expires_at.timestamp()),
    }
    # Only another copy of this write can have come before. A late one must not revive a visitor who was forgotten.
    with suppress(ConditionFailed):
        table.write(table.put_write(item, condition="attribute_not_exists(pk)"))


def extend(visitor: ReturningVisitor) -> bool:
    """Stores the visitor's new expiry. False if the visitor was forgotten meanwhile."""
    extending = table.update_write(
        key(visitor.id),
        "SET expires_at = :expiry",
        {":expiry": int(visitor.expires_at.timestamp())},
        condition="attribute_exists(pk) AND attribute_not_exists(is_gone)",
    )
    try:
        table.write(extending)
    except ConditionFailed:
        return False
    return True


def forget(visitor: ReturningVisitor, *, at: datetime) -> None:
    """Nothing else knows the secret, so nobody can prove to be this visitor again. A mark stays until no late copy of
    another write can arrive.
    """
    pk, sk = key(visitor.id)
    table.put({"pk": pk, "sk": sk, "is_gone": True, "expires_at": int((at + _MARKED).timestamp())})


def from_item(item: Item) -> ReturningVisitor:
    return ReturningVisitor(
        id=item["pk"].removeprefix("VISITOR#"),
        tenant=item["tenant"],
        token_id=item["token_id"],
        digest=item["digest"],
        created_at=timestamps.from_text(item["created_at"]),
        expires_at=datetime.fromtimestamp(item["expires_at"], UTC),
    )
