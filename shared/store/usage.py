"""How much each client token is used: items of their own, so that who counts need not be able to write a record."""

from __future__ import annotations

from datetime import datetime

from shared.rules import instant
from shared.rules.client_token import Usage
from shared.store import table
from shared.store.table import Item, Key, Write


def key(token_id: str) -> Key:
    return f"USAGE#{token_id}", "RECORD"


def from_item(item: Item | None) -> Usage:
    """A token that was never used has no item."""
    if item is None:
        return Usage()
    return Usage(item["conversation_count"], instant.from_text(item["last_used_at"]))


def counting(token_id: str, conversations: int, at: datetime) -> Write:
    """Part of a transaction: so many conversations more, and a use at `at`."""
    return table.updating(key(token_id), _EXPRESSION, _values(conversations, at))


def count(token_id: str, conversations: int, at: datetime) -> None:
    """The same on its own."""
    table.update(key(token_id), _EXPRESSION, _values(conversations, at))


_EXPRESSION = "SET last_used_at = :at ADD conversation_count :conversations"


def _values(conversations: int, at: datetime) -> dict[str, str | int]:
    return {":at": instant.to_text(instant.minute(at)), ":conversations": conversations}
