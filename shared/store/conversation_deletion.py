"""Deletes a conversation: its record, its turns, and its feedback.

Single writes leave nothing that a late copy of another write could revive. The record is marked first, so that no
message is answered from then on. Then each turn is overwritten. What stands in their place expires by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import chain, islice

from shared.errors import Unavailable
from shared.rules import identifier
from shared.store import conversations, feedback, table, turn_items, visitor_conversations
from shared.store.table import Item, Write

# A function has time for twice as many. Marks come first, so what is left is shown to nobody.
_WRITES_MAX = 1000
# Texts are not read, because they may not fit into memory.
_SMALL = {"ConsistentRead": True, "ProjectionExpression": "pk, sk, tenant, is_gone"}


class _Budget:
    """The writes that are left for one request. `most`: None for any number."""

    def __init__(self, most: int | None) -> None:
        self._left = most

    def spend(self) -> None:
        """Raises Unavailable if none is left: a repeated request goes on."""
        if self._left is None:
            return
        if not self._left:
            raise Unavailable
        self._left -= 1


def _budget(*, in_one_request: bool) -> _Budget:
    return _Budget(_WRITES_MAX if in_one_request else None)


def count_items(tenant: str, conversation_id: str) -> int:
    """The number of items that `delete` would delete. Raises NotFound."""
    return _require(tenant, conversation_id) + sum(1 for _ in _present(conversation_id))


def delete(tenant: str, conversation_id: str, *others: Write, at: datetime, in_one_request: bool = True) -> int:
    """Returns the number of deleted items. Raises NotFound if there are none, or if they are another tenant's.

    `others`: written together with the mark, so that nothing is deleted without an audit record. An interrupted
    deletion can be repeated. Raises Unavailable if there is too much for one request: then nothing shows the rest, and
    a repeated request deletes it.
    """
    count = _require(tenant, conversation_id)
    table.transact_with_retries([*others, conversations.deletion_write(tenant, conversation_id, at=at)])
    # Only now, because a message may have arrived before the mark.
    return count + _clear(conversation_id, _budget(in_one_request=in_one_request), at)


def delete_of_visitor(visitor_id: str, target_id: str | None, current_id: str, *, at: datetime) -> int:
    """Deletes a visitor's conversations, of one flow or agent or all. Returns their number.

    `current_id`: of the session's conversation, which may have begun a moment ago, and may be another visitor's.

    Raises Unavailable if there are too many for one request: then nothing shows those that are marked, and a repeated
    request goes on.
    """
    budget, count, records = _Budget(_WRITES_MAX), 0, []
    found = chain.from_iterable(visitor_conversations.every_record(visitor_id, target_id, current_id, at=at))
    for record in islice(found, _WRITES_MAX):
        if "is_gone" not in record:
            budget.spend()
            count += conversations.mark(record["id"], visitor_id)
        records.append(record)
    for record in records:
        _complete(record, budget, at)
    if len(records) == _WRITES_MAX:
        # More may follow.
        raise Unavailable
    return count


def delete_marked(record: Item, *, at: datetime, in_one_request: bool = True) -> None:
    """Completes the deletion of a visitor's conversation that is marked. Raises Unavailable as `delete` does."""
    _complete(record, _budget(in_one_request=in_one_request), at)


def _complete(record: Item, budget: _Budget, at: datetime) -> None:
    """The visitor's index loses the conversation last, so that an interrupted deletion can be repeated."""
    _clear(record["id"], budget, at)
    budget.spend()
    table.write(conversations.deletion_write(record["tenant"], record["id"], at=at))


def _clear(conversation_id: str, budget: _Budget, at: datetime) -> int:
    """Returns the number of writes."""
    count = 0
    for item in _present(conversation_id):
        budget.spend()
        if item["pk"] == feedback.pk(conversation_id):
            table.write(table.delete_write((item["pk"], item["sk"])))
        else:
            table.put(turn_items.gone(item["pk"], item["sk"], at))
        count += 1
    return count


def _present(conversation_id: str) -> Iterator[Item]:
    """Turns and feedback, read during iteration, without what was deleted before."""
    for pk in (conversations.pk(conversation_id), feedback.pk(conversation_id)):
        for item in table.query("pk = :pk", {":pk": pk}, at=None, **_SMALL):
            if item["sk"] != "RECORD" and not item.get("is_gone"):
                yield item


def _require(tenant: str, conversation_id: str) -> bool:
    """Whether the record is still to be deleted. Raises NotFound if nothing is, or if it is another tenant's.

    The same two reads decide for each id, however long the conversation is.
    """
    if not identifier.is_valid("conv", conversation_id):
        raise conversations.unknown()
    record = table.get(conversations.record_key(conversation_id), at=None)
    pk = feedback.pk(conversation_id)
    left = next(table.query("pk = :pk", {":pk": pk}, at=None, **_SMALL, Limit=1), None)
    # Feedback may be there without a record, and says itself whose it is.
    owned = record or left
    if owned is None or owned["tenant"] != tenant:
        raise conversations.unknown()
    is_present = record is not None and not record.get("is_gone")
    if not is_present and next(_present(conversation_id), None) is None:
        raise conversations.unknown()
    return is_present
