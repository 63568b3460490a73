"""The usage of each client token: separate items, so that counting needs no permission to write records."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from shared.errors import Unavailable
from shared.rules import message_log, timestamps
from shared.rules.client_token import Usage
from shared.store import table
from shared.store.attributes import require_type
from shared.store.table import ConditionFailed, Item, Key


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


def count_conversation(token_id: str, conversation_id: str, at: datetime) -> None:
    """Counts a new conversation, and a use. If that fails, the count is wrong, but no visitor is refused.

    The last conversation is not counted twice, so a repeated request does no harm. If another one was counted since, it
    is: an interrupted first message may count twice.
    """
    counting = table.update_write(
        key(token_id),
        "SET last_used_at = :at, last_conversation = :id ADD conversation_count :one",
        {":at": _used_at(at), ":id": message_log.short_digest(conversation_id), ":one": 1},
        condition="attribute_not_exists(last_conversation) OR last_conversation <> :id",
    )
    with suppress(ConditionFailed, Unavailable):
        table.write(counting)


def record_use(token_id: str, at: datetime) -> None:
    """Records a use. If that fails, no visitor is refused."""
    recording = table.update_write(
        key(token_id), "SET last_used_at = :at ADD conversation_count :none", {":at": _used_at(at), ":none": 0}
    )
    with suppress(Unavailable):
        table.write(recording)


def _used_at(at: datetime) -> str:
    return timestamps.to_text(timestamps.floor_to_ten_minutes(at))
