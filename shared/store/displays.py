"""What a page displays of a conversation's messages, instead of their own texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

from shared.errors import Conflict, NotFound
from shared.rules import conversation, display, visitor_conversation
from shared.rules.turn import Turn
from shared.store import conversations, table, turn_items
from shared.store.table import ConditionFailed, Item, Write

# A page displays its newest messages. Older ones count as unknown, so that a made-up id has a price. What is read also
# bounds a transaction, in which each turn costs two write units per KB.
_TURNS_MAX = 500
_BYTES_MAX = 512 * 1024
_TURNS_AT_ONCE = 13
_ATTEMPTS = 4


def replace_all(record: Item, visitor_id: str, displays: Mapping[str, str], *, at: datetime) -> str:
    """Stores what is displayed of these messages, all or nothing. Returns the conversation's revision.

    Raises NotFound if one of the messages is unknown, InvalidRequest if a turn would become too large, and Conflict if
    too many pages do so at once. The same texts again write nothing.
    """
    missing = set(displays)
    writes: list[Write] = []
    for item, stored in _newest_first(record["id"], _TURNS_MAX, at):
        changed = _changed(stored, displays)
        if changed != stored:
            display.require_fits(changed.display, changed.reply_display)
            writes.append(_write(item, stored, changed))
        missing -= {message.id for message in (stored.message, stored.reply) if message}
        if not missing:
            break
    if missing:
        raise conversation.unknown()
    return _store(record, visitor_id, writes) if writes else conversations.revision(record)


def replace_known(conversation_id: str, visitor_id: str, displays: Mapping[str, str], *, at: datetime) -> None:
    """Stores what is displayed of those messages that are among the newest, if it is not what is read already.

    A page sends all of it with each message. So what a concurrent page prevents is stored with the next message.
    """
    writes: list[Write] = []
    for item, stored in _newest_first(conversation_id, _TURNS_AT_ONCE, at):
        messages = visitor_conversation.newest_first(stored)
        given = [(message, displays[message.id]) for message in messages if message.id in displays]
        changed = _changed(stored, {message.id: text for message, text in given if not message.shown.reads(text)})
        if changed != stored and display.fits(changed.display, changed.reply_display):
            writes.append(_write(item, stored, changed))
    record = conversations.find_owned(conversation_id, visitor_id, at=at) if writes else None
    if record:
        with suppress(NotFound, Conflict):
            _store(record, visitor_id, writes)


def _store(record: Item, visitor_id: str, writes: Sequence[Write]) -> str:
    """Returns the conversation's revision."""
    for _ in range(_ATTEMPTS):
        after = record.get("display_revision", 0) + 1
        try:
            table.transact_with_retries([*writes, _count_write(record, after)])
        except ConditionFailed as failure:
            if failure.index < len(writes) or not conversations.is_owned(failure.found, visitor_id):
                # It was deleted a moment ago.
                raise conversation.unknown() from None
            record = failure.found or record
        else:
            return conversations.revision(record | {"display_revision": after})
    raise Conflict(retry_after=1)


def _newest_first(conversation_id: str, most: int, at: datetime) -> Iterator[tuple[Item, Turn]]:
    """Of the newest `most` turns, those whose texts together are not too long to be read."""
    items = table.query(
        "pk = :pk AND begins_with(sk, :messages)",
        {":pk": conversations.pk(conversation_id), ":messages": "MESSAGE#"},
        at=at,
        Limit=_TURNS_AT_ONCE,
        ScanIndexForward=False,
        ConsistentRead=True,
    )
    room = _BYTES_MAX
    for item in islice(items, most):
        room -= sum(len(value.encode()) for value in item.values() if isinstance(value, str))
        if room < 0:
            return
        stored = turn_items.from_item(item)
        if not stored.is_gone:
            yield item, stored


def _changed(stored: Turn, displays: Mapping[str, str]) -> Turn:
    changed = replace(stored, display=displays.get(stored.message.id, stored.display))
    if stored.reply:
        changed = replace(changed, reply_display=displays.get(stored.reply.id, stored.reply_display))
    return changed


def _write(item: Item, stored: Turn, changed: Turn) -> Write:
    """Only what has changed: another page may display the other message of the turn otherwise meanwhile."""
    values: dict[str, Any] = {}
    if changed.display != stored.display:
        values[":display"] = changed.display
    if changed.reply_display != stored.reply_display:
        values[":reply_display"] = changed.reply_display
    return table.update_write(
        (item["pk"], item["sk"]),
        f"SET {', '.join(f'#{name[1:]} = {name}' for name in values)}",
        values | {":id": changed.message.id},
        condition="id = :id AND attribute_not_exists(is_gone)",
        names={f"#{name[1:]}": name[1:] for name in values},
    )


def _count_write(record: Item, after: int) -> Write:
    """The revision changes, once for each of two pages. When the conversation was last active does not.

    `record`: with the visitor as its owner, which never changes.
    """
    before = record.get("display_revision")
    known = "attribute_not_exists(display_revision)" if before is None else "display_revision = :before"
    return table.update_write(
        conversations.record_key(record["id"]),
        "SET display_revision = :after",
        {":after": after} | ({} if before is None else {":before": before}),
        condition=f"attribute_exists(pk) AND attribute_not_exists(is_gone) AND {known}",
    )
