"""The usage of each client token: separate items, so that counting needs no permission to write records."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from shared.errors import Unavailable
from shared.rules import timestamps
from shared.rules.client_token import Usage
from shared.store import table
from shared.store.attributes import require_type
from shared.store.table import Item, Key, Write


def key(token_id: str) -> Key:
    return f"USAGE#{token_id}", "RECORD"


def from_item(item: Item | None) -> Usage:
    """A token that was never used has no item. A malformed item counts as missing.

    Public functions write these items, and none may break an owner's list.
    """
    with suppress(KeyError, TypeError, ValueError):
        item = item or {}
        require_type(item, int, "conversation_count")
        return Usage(item["conversation_count"], timestamps.from_text(item["last_used_at"]))
    return Usage()


def count_write(token_id: str, conversations: int, at: datetime) -> Write:
    """Part of a transaction: adds `conversations` to the count, and a use at `at`."""
    expression = "SET last_used_at = :at ADD conversation_count :conversations"
    values = {":at": timestamps.to_text(timestamps.floor_to_minute(at)), ":conversations": conversations}
    return table.update_write(key(token_id), expression, values)


def count_conversation(token_id: str, at: datetime) -> None:
    """Counts one more conversation. If that fails, the count is wrong, but no visitor is refused."""
    with suppress(Unavailable):
        table.transact_with_retries([count_write(token_id, 1, at)])
