"""Deletes a conversation: its record, its messages, and its feedback."""

from __future__ import annotations

from shared.errors import NotFound
from shared.store import table
from shared.store.table import Key, Write

# As many as a transaction takes.
_AT_ONCE = 100


def count_items(tenant: str, conversation_id: str) -> int:
    """The number of items that `delete` would delete. Raises NotFound."""
    return len(_keys(tenant, conversation_id))


def delete(tenant: str, conversation_id: str, *others: Write) -> int:
    """Returns the number of deleted items. Raises NotFound if there are none, or if they are another tenant's.

    `others`: written first, so that nothing is deleted without an audit record. The conversation's record is deleted
    last, so that an interrupted deletion can be repeated.
    """
    writes = [*others, *(table.delete_write(key) for key in _keys(tenant, conversation_id))]
    for start in range(0, len(writes), _AT_ONCE):
        table.transact_with_retries(writes[start : start + _AT_ONCE])
    return len(writes) - len(others)


def _keys(tenant: str, conversation_id: str) -> list[Key]:
    partition = f"CONVERSATION#{conversation_id}"
    found = list(table.query("pk = :pk", {":pk": partition}, at=None, ConsistentRead=True))
    # The record comes last and says whose it is. Feedback may be there without a record, and says so itself.
    owner = next((item["tenant"] for item in reversed(found) if "tenant" in item), None)
    if owner != tenant:
        raise NotFound(f"Tenant {tenant} has no conversation {conversation_id}.")
    return [(item["pk"], item["sk"]) for item in found]
