"""Forgetting a conversation: its record, everything that was said in it, and what its visitor thought of that."""

from __future__ import annotations

from shared.errors import NotFound
from shared.store import table
from shared.store.table import Key, Write

# As many as a transaction takes.
_AT_ONCE = 100


def count_items(tenant: str, conversation_id: str) -> int:
    """How many items `delete` would delete. Raises NotFound as it does."""
    return len(_keys(tenant, conversation_id))


def delete(tenant: str, conversation_id: str, *others: Write) -> int:
    """How many items are gone for good. Raises NotFound where there are none, or where they are another tenant's.

    `others`: what is written first, so that nothing is deleted without a trace. The conversation's record goes last:
    whoever is interrupted finds the conversation again.
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
