"""What a page displays of a conversation's messages, instead of their own texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import islice

from shared.errors import Conflict
from shared.rules import conversation, display
from shared.rules.turn import Turn
from shared.store import conversations, table, turn_items
from shared.store.table import ConditionFailed, Item, Write

# A page displays its newest messages. Older ones count as unknown, so that a made-up id has a price.
_TURNS_MAX = 500
_TURNS_AT_ONCE = 13
_ATTEMPTS = 4


def replace_all(record: Item, visitor_id: str, displays: Mapping[str, str], *, at: datetime) -> str:
    """Stores what is displayed of these messages, all or nothing. Returns the conversation's revision.

    Raises NotFound if one of the messages is unknown, InvalidRequest if a turn would become too large, and Conflict if
    too many pages do so at once. The same texts again write nothing.
    """
    missing = set(displays)
    writes: list[Write] = []
    for item, stored in _newest_first(record["id"], at):
        ids = {stored.message.id, stored.reply.id if stored.reply else ""} & missing
        changed = _changed(stored, displays) if ids else stored
        if changed != stored:
            display.require_fits(changed.display, changed.reply_display)
            writes.append(_write(item, changed))
        missing -= ids
        if not missing:
            break
    if missing:
        raise conversation.unknown()
    if not writes:
        return conversations.revision(record)
    for _ in range(_ATTEMPTS):
        after = record.get("display_revision", 0) + 1
        try:
            table.transact_with_retries([*writes, _count_write(record, visitor_id, after)])
        except ConditionFailed as failure:
            if failure.index < len(writes) or not conversations.is_owned(failure.found, visitor_id):
                # It was deleted a moment ago.
                raise conversation.unknown() from None
            record = failure.found or record
        else:
            return conversations.revision(record | {"display_revision": after})
    raise Conflict(retry_after=1)


def _newest_first(conversation_id: str, at: datetime) -> Iterator[tuple[Item, Turn]]:
    items = table.query(
        "pk = :pk AND begins_with(sk, :messages)",
        {":pk": conversations.pk(conversation_id), ":messages": "MESSAGE#"},
        at=at,
        Limit=_TURNS_AT_ONCE,
        ScanIndexForward=False,
        ConsistentRead=True,
    )
    for item in islice(items, _TURNS_MAX):
        stored = turn_items.from_item(item)
        if not stored.is_gone:
            yield item, stored


def _changed(stored: Turn, displays: Mapping[str, str]) -> Turn:
    changed = replace(stored, display=displays.get(stored.message.id, stored.display))
    if stored.reply:
        changed = replace(changed, reply_display=displays.get(stored.reply.id, stored.reply_display))
    return changed


def _write(item: Item, changed: Turn) -> Write:
    given = {"display": changed.display, "reply_display": changed.reply_display}
    values = {f":{name}": text for name, text in given.items() if text is not None}
    return table.update_write(
        (item["pk"], item["sk"]),
        f"SET {', '.join(f'#{name[1:]} = {name}' for name in values)}",
        values | {":id": changed.message.id},
        condition="id = :id AND attribute_not_exists(is_gone)",
        names={f"#{name[1:]}": name[1:] for name in values},
    )


def _count_write(record: Item, visitor_id: str, after: int) -> Write:
    """The revision changes, once for each of two pages. When the conversation was last active does not."""
    before = record.get("display_revision")
    known = "attribute_not_exists(display_revision)" if before is None else "display_revision = :before"
    return table.update_write(
        conversations.record_key(record["id"]),
        "SET display_revision = :after",
        {":after": after, ":owner": conversations.owner_pk(visitor_id)}
        | ({} if before is None else {":before": before}),
        condition=f"owner_pk = :owner AND attribute_not_exists(is_gone) AND {known}",
    )
