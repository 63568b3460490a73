"""Deletes a conversation: its record, its turns, and its feedback.

Single writes leave nothing that a late copy of another write could revive. The record is marked first, so that no
message is answered from then on. Then each turn is overwritten. What stands in their place expires by itself.
"""

from __future__ import annotations

from datetime import datetime

from shared.rules import identifier
from shared.store import conversations, feedback, table, turn_items
from shared.store.table import Item, Write


def count_items(tenant: str, conversation_id: str) -> int:
    """The number of items that `delete` would delete. Raises NotFound."""
    found = _items(conversation_id) if identifier.is_valid("conv", conversation_id) else []
    # The record says whose it is. Feedback may be there without a record, and says so itself.
    owner = next((item["tenant"] for item in found if "tenant" in item), None)
    count = sum(not item.get("is_gone") for item in found)
    if owner != tenant or not count:
        raise conversations.unknown()
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
        if item["pk"] == feedback.pk(conversation_id):
            table.write(table.delete_write((item["pk"], item["sk"])))
        elif item["sk"] != "RECORD" and not item.get("is_gone"):
            table.put(turn_items.gone(item["pk"], item["sk"], at))
    return count


def _items(conversation_id: str) -> list[Item]:
    """Also what was deleted before, until it expires. Texts are not read, because they may not fit into memory."""
    options = {"ConsistentRead": True, "ProjectionExpression": "pk, sk, tenant, is_gone"}
    partitions = conversations.pk(conversation_id), feedback.pk(conversation_id)
    return [item for pk in partitions for item in table.query("pk = :pk", {":pk": pk}, at=None, **options)]
