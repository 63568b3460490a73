"""Deletes a conversation: its record, its turns, and its feedback.

Single writes leave nothing that a late copy of another write could revive. The record is marked first, so that no
message is answered from then on. Then each turn is overwritten. What stands in their place expires by itself.
"""

from __future__ import annotations

from datetime import datetime

from shared.errors import NotFound
from shared.store import conversations, table, turn_items
from shared.store.table import Item, Write


def count_items(tenant: str, conversation_id: str) -> int:
    """The number of items that `delete` would delete. Raises NotFound."""
    found = _items(conversation_id)
    # The record comes last and says whose it is. Feedback may be there without a record, and says so itself.
    owner = next((item["tenant"] for item in reversed(found) if "tenant" in item), None)
    count = sum(not item.get("is_gone") for item in found)
    if owner != tenant or not count:
        raise NotFound(f"Tenant {tenant} has no conversation {conversation_id}.")
    return count


def delete(tenant: str, conversation_id: str, *others: Write, at: datetime) -> int:
    """Returns the number of deleted items. Raises NotFound if there are none, or if they are another tenant's.

    `others`: written together with the mark, so that nothing is deleted without an audit record. An interrupted
    deletion can be repeated.
    """
    count = count_items(tenant, conversation_id)
    table.transact_with_retries([*others, conversations.deletion_write(tenant, conversation_id, at=at)])
    # Read again, because a message may have arrived before the mark.
    for item in _items(conversation_id):
        if item["sk"].startswith("MESSAGE#") and not item.get("is_gone"):
            table.put(turn_items.gone(item["pk"], item["sk"], at))
        elif item["sk"].startswith("FEEDBACK#"):
            table.write(table.delete_write((item["pk"], item["sk"])))
    return count


def _items(conversation_id: str) -> list[Item]:
    """Also what was deleted before, until it expires."""
    return list(table.query("pk = :pk", {":pk": conversations.pk(conversation_id)}, at=None, ConsistentRead=True))
