"""Whether returning visitors are still known. Sessions of visitors ask it with every message."""

from __future__ import annotations

from datetime import datetime

from shared.store import table
from shared.store.table import Item, Key


def key(visitor_id: str) -> Key:
    return f"VISITOR#{visitor_id}", "RECORD"


def exists(visitor_id: str, *, at: datetime) -> bool:
    return is_known(table.get(key(visitor_id), at=at))


def is_known(item: Item | None) -> bool:
    """Whether this is a visitor, and not one who was forgotten."""
    return item is not None and "is_gone" not in item
