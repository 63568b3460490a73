"""Deletes a conversation: its record, its turns, and its feedback.

Single writes leave nothing that a late copy of another write could revive. The record is marked first, so that no
message is answered from then on. Then each turn is overwritten. What stands in their place expires by itself.
"""

from __future__ import annotations

from datetime import datetime

from shared.errors import Unavailable
from shared.rules import identifier
from shared.store import conversations, feedback, table, turn_items, visitor_conversations
from shared.store.table import Item, Write

# A function has time for some more. Marks come first, so what is left is shown to nobody.
_WRITES_MAX = 1000


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
    _clear(conversation_id, at)
    return count


def delete_of_visitor(visitor_id: str, target_id: str | None, *, at: datetime) -> int:
    """Deletes a visitor's conversations, of one flow or agent or all. Returns their number.

    Raises Unavailable if there are too many for one request: then nothing shows the rest, and a repeated request
    deletes it.
    """
    records = [one for some in visitor_conversations.every_record(visitor_id, target_id, at=at) for one in some]
    count = sum(conversations.mark(one["id"], visitor_id) for one in records if "is_gone" not in one)
    writes = count
    for record in records:
        if writes >= _WRITES_MAX:
            raise Unavailable
        writes += delete_marked(record, at=at)
    return count


def delete_marked(record: Item, *, at: datetime) -> int:
    """Completes the deletion of a visitor's conversation that is marked. Returns the number of writes.

    The visitor's index loses it last, so that an interrupted deletion can be repeated.
    """
    writes = _clear(record["id"], at)
    table.write(conversations.deletion_write(record["tenant"], record["id"], at=at))
    return writes + 1


def _clear(conversation_id: str, at: datetime) -> int:
    """Returns the number of writes."""
    count = 0
    for item in _items(conversation_id):
        if item["pk"] == feedback.pk(conversation_id):
            table.write(table.delete_write((item["pk"], item["sk"])))
            count += 1
        elif item["sk"] != "RECORD" and not item.get("is_gone"):
            table.put(turn_items.gone(item["pk"], item["sk"], at))
            count += 1
    return count


def _items(conversation_id: str) -> list[Item]:
    """Also what was deleted before, until it expires. Texts are not read, because they may not fit into memory."""
    options = {"ConsistentRead": True, "ProjectionExpression": "pk, sk, tenant, is_gone"}
    partitions = conversations.pk(conversation_id), feedback.pk(conversation_id)
    return [item for pk in partitions for item in table.query("pk = :pk", {":pk": pk}, at=None, **options)]
