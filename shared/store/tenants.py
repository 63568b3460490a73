"""Tenants that have had a client token, an API key, or a target: one record each, in a partition no function reads.

Every transaction that gives a tenant one of them writes the record. So the list is one query, however large the table.
"""

from __future__ import annotations

from datetime import datetime

from shared.rules import timestamps
from shared.store import table
from shared.store.table import Key, Write

_PARTITION = "TENANTS#ALL"


def first_seen(tenant: str) -> datetime | None:
    """When the tenant got its first token, key, or target; None if it has had none."""
    item = table.get(_key(tenant), at=None)
    return timestamps.from_text(item["created_at"]) if item else None


def note_write(tenant: str, *, at: datetime) -> Write:
    """Part of the transaction that gives the tenant a token, a key, or a target."""
    return table.update_write(
        _key(tenant), "SET created_at = if_not_exists(created_at, :at)", {":at": timestamps.to_text(at)}
    )


def list_all() -> list[tuple[str, datetime]]:
    """Each with the time of its first token, key, or target, by name."""
    items = table.query("pk = :tenants", {":tenants": _PARTITION}, at=None, ConsistentRead=True)
    return [(item["sk"], timestamps.from_text(item["created_at"])) for item in items]


def _key(tenant: str) -> Key:
    return _PARTITION, tenant
