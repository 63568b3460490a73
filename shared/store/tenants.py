"""Tenants that have had an API key or a target: one record for each, in a partition that no function reads."""

from __future__ import annotations

from datetime import datetime

from shared.rules import instant
from shared.store import table
from shared.store.table import Key, Write

_PARTITION = "TENANTS"


def first_seen(tenant: str) -> datetime | None:
    """When the tenant got its first key or target, None if it has had none."""
    item = table.get(_key(tenant), at=None)
    return instant.from_text(item["created_at"]) if item else None


def adding(tenant: str, *, at: datetime) -> Write:
    """Part of the transaction that gives the tenant its first key or target."""
    pk, sk = _key(tenant)
    return table.putting({"pk": pk, "sk": sk, "created_at": instant.to_text(at)})


def known() -> list[tuple[str, datetime]]:
    """Each with the time of its first key or target, by name."""
    items = table.query("pk = :tenants", {":tenants": _PARTITION}, at=None, ConsistentRead=True)
    return [(item["sk"], instant.from_text(item["created_at"])) for item in items]


def _key(tenant: str) -> Key:
    return _PARTITION, tenant
