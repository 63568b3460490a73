"""The conversations of a returning visitor: a page of the index, with the records and last turns beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Any

from shared.rules import cursor, display, timestamps, visitor_conversation
from shared.rules.visitor_conversation import VisitorConversation, VisitorMessage
from shared.store import conversations, index_entries, table, turn_items
from shared.store.attributes import require_type, size
from shared.store.table import Item, Key

_INDEX = "visitors"
# Every time sorts before it.
_NEWEST = "~"
# Most turns are two messages. One may be left from the page before.
_TURNS_AT_ONCE = 13
# A page of messages has no more bytes of text. Escaped as JSON within JSON, each may take seven of a response's 6 MB.
_TEXT_BYTES_MAX = 800_000
# A page of the list looks at no more entries. If few are of the wanted flow or agent, the next page goes on from there.
_ENTRIES_MAX = 1000
# How many are read at once for each that is wanted of one flow or agent: most visitors talk to only one.
_READ_PER_WANTED = 2
# Most visitors have no more conversations. A turn has up to 400 KB, of which a preview shows 140 characters.
_PREVIEWED_AT_ONCE = 10
_PREVIEWED_BYTES_MAX = 1_000_000
_OPTIONAL = ("title", "titled_at", "first_message", "last_session")
_SESSION_LENGTH_MAX = 32


def page(
    visitor_id: str, target_id: str | None, before: str | None, limit: int, *, at: datetime
) -> tuple[list[VisitorConversation], str | None]:
    """Conversations after the position `before`, most recently active first, and the position after them, if more
    follow. The order is exact within the page, and to ten minutes between pages. A page of one flow or agent may have
    fewer than `limit`, or none, although more follow.
    """
    found, end = _matching(visitor_id, target_id, before, limit, at=at)
    records = _records(visitor_id, found, at=at)
    turns = _last_turns(records, at=at)
    listed = index_entries.verified(records, _own_key, lambda one: from_record(one, turns.get(_last_turn(one)), at=at))
    return sorted(listed, key=lambda one: (one.updated_at, one.id), reverse=True), end


def every_record(
    visitor_id: str, target_id: str | None, current_id: str | None = None, *, at: datetime
) -> Iterator[list[Item]]:
    """The records of all conversations of the visitor, some at a time, also if their deletion was interrupted.

    `current_id`: of a conversation that may have begun a moment ago, so that the index does not have it yet.
    """
    listed = entries(visitor_id, target_id, None, None, at=at)
    found = listed
    if current_id:
        pk, sk = conversations.record_key(current_id)
        found = chain([{"pk": pk, "sk": sk}], (entry for entry in listed if entry["pk"] != pk))
    while some := list(islice(found, table.BATCH)):
        records = _records(visitor_id, some, at=at, with_gone=True)
        yield [one for one in records if target_id in {None, one["flow_id"]}]


def read(
    record: Item, before: str | None, limit: int, *, at: datetime
) -> tuple[VisitorConversation, list[VisitorMessage], str | None]:
    """A conversation of the visitor, its messages before the position, newest first, and the position of the next one,
    if more follow. `before`: the position of the first message. Raises InvalidRequest for another text.
    """
    place, number = _place(before)
    turns = _turns(record["id"], place, at=at)
    newest = next(turns, None)
    last_turn = table.get(_last_turn(record), at=at) if before else newest
    found, position = _page(_positions(chain([newest] if newest else [], turns), place, number), limit)
    return from_record(record, last_turn, at=at), found, position


def from_record(record: Item, last_turn: Item | None, *, at: datetime) -> VisitorConversation:
    turn = turn_items.from_item(last_turn) if last_turn else None
    return VisitorConversation(
        id=record["id"],
        title=display.title(conversations.title_text(record, at), record["name"]),
        target_id=record["flow_id"],
        preview=visitor_conversation.preview(turn),
        message_count=conversations.message_count(record),
        created_at=timestamps.from_text(record["created_at"]),
        updated_at=timestamps.from_text(record["updated_at"]),
        revision=conversations.revision(record),
    )


def _page(messages: Iterable[tuple[str, VisitorMessage]], limit: int) -> tuple[list[VisitorMessage], str | None]:
    """The first messages, and the position of the next one, if more follow."""
    found: list[VisitorMessage] = []
    room = _TEXT_BYTES_MAX
    for position, message in messages:
        room -= len(message.shown.text.encode()) + len((message.shown.content or "").encode())
        if len(found) == limit or (found and room < 0):
            return found, position
        found.append(message)
    return found, None


def _place(position: str | None) -> tuple[str, int]:
    """The place of a message's turn, and the number of the message in it. Empty without a position."""
    place, _, number = (position or "").rpartition("#")
    if position and not number.isdecimal():
        raise cursor.invalid()
    return place, int(number or 0)


def _turns(conversation_id: str, place: str, *, at: datetime) -> Iterator[Item]:
    """Newest first, from the turn at `place`, or from the newest."""
    return table.query(
        "pk = :pk AND sk BETWEEN :messages AND :last",
        {
            ":pk": conversations.pk(conversation_id),
            ":messages": "MESSAGE#",
            ":last": f"MESSAGE#{place or _NEWEST}",
        },
        at=at,
        Limit=_TURNS_AT_ONCE,
        ScanIndexForward=False,
        ConsistentRead=True,
    )


def _positions(turns: Iterable[Item], place: str, last_number: int) -> Iterator[tuple[str, VisitorMessage]]:
    """Messages with their positions. Of the turn at `place`, only those up to the number."""
    for item in turns:
        here = item["sk"].removeprefix("MESSAGE#")
        messages = list(visitor_conversation.newest_first(turn_items.from_item(item)))
        if here == place:
            messages = messages[-1 - last_number :]
        for number, message in enumerate(messages):
            yield f"{here}#{len(messages) - 1 - number}", message


def _matching(
    visitor_id: str, target_id: str | None, before: str | None, limit: int, *, at: datetime
) -> tuple[list[Item], str | None]:
    """Entries of one flow or agent, or of all, and the position after them, if more may follow."""
    found: list[Item] = []
    at_once = limit if target_id is None else min(_READ_PER_WANTED * limit, _ENTRIES_MAX - 1)
    for number, entry in enumerate(entries(visitor_id, None, before, at_once, at=at), start=1):
        if target_id in {None, entry.get("flow_id")}:
            if len(found) == limit:
                return found, found[-1]["listing_sk"]
            found.append(entry)
        if number == _ENTRIES_MAX:
            return found, entry["listing_sk"]
    return found, None


def entries(
    visitor_id: str, target_id: str | None, before: str | None, limit: int | None, *, at: datetime
) -> Iterator[Item]:
    """Of the visitor's index after the position `before`, at least `limit` and one more. They prove nothing."""
    values = {":owner": conversations.owner_pk(visitor_id), ":bound": before or _NEWEST}
    options: dict[str, Any] = {"IndexName": _INDEX, "ScanIndexForward": False}
    if target_id is not None:
        values[":flow"] = target_id
        options["FilterExpression"] = "flow_id = :flow"
    elif limit is not None:
        options["Limit"] = limit + 1
    return table.query("owner_pk = :owner AND listing_sk < :bound", values, at=at, **options)


def _records(visitor_id: str, entries: Sequence[Item], *, at: datetime, with_gone: bool = False) -> list[Item]:
    """Of entries whose own records say that they are the visitor's."""
    keys = [
        (entry["pk"], entry["sk"])
        for entry in entries
        if entry["pk"].startswith(conversations.pk("")) and entry["sk"] == "RECORD"
    ]
    found: Mapping[Key, Item] = table.read(dict.fromkeys(keys), is_consistent=True, at=at)
    owned = [
        item
        for item in found.values()
        if item.get("owner_pk") == conversations.owner_pk(visitor_id) and (with_gone or "is_gone" not in item)
    ]
    return list(index_entries.verified(owned, _own_key, _well_formed))


def _own_key(record: Item) -> Key:
    return conversations.record_key(record["id"])


def _well_formed(item: Item) -> Item:
    require_type(item, str, "id", "tenant", "name", "flow_id", "created_at", "updated_at")
    require_type(dict.fromkeys(_OPTIONAL, "") | item, str, *_OPTIONAL)
    require_type(item, int, *conversations.count_names(item))
    # It becomes part of the key of a turn.
    if len(item.get("last_session", "")) > _SESSION_LENGTH_MAX:
        raise ValueError("no digest of a session")
    timestamps.from_text(item["created_at"])
    timestamps.from_text(item["updated_at"])
    return item


def _last_turns(records: Sequence[Item], *, at: datetime) -> dict[Key, Item]:
    """Of the most recently active conversations, until they have too many bytes. The others have no preview."""
    newest_first = sorted(records, key=lambda record: str(record["updated_at"]), reverse=True)
    found: dict[Key, Item] = {}
    while newest_first and sum(map(size, found.values())) < _PREVIEWED_BYTES_MAX:
        some, newest_first = newest_first[:_PREVIEWED_AT_ONCE], newest_first[_PREVIEWED_AT_ONCE:]
        found |= table.read(dict.fromkeys(map(_last_turn, some)), is_consistent=False, at=at)
    return found


def _last_turn(record: Item) -> Key:
    return conversations.pk(record["id"]), f"MESSAGE#{record['updated_at']}#{record.get('last_session', '')}"
