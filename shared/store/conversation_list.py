"""The conversations of a token, as its owner lists them.

The index holds only what changes when a conversation moves in it, so most messages write nothing there. The list reads
the records beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby, islice
from typing import Any

from shared.rules import conversation, timestamps
from shared.rules.conversation import Conversation
from shared.store import conversations, index_entries, pagination, table
from shared.store.attributes import require_type
from shared.store.table import Item, Key

# The order is exact unless more conversations than this were last active within the same ten minutes.
_SORTED_MAX = 500


def page(
    token_id: str, offset: int, limit: int, *, flow_id: str | None, at: datetime
) -> tuple[list[Conversation], bool]:
    """Conversations of the token, most recently active first, optionally of one flow; and whether more follow."""
    values = {":token": _listing_pk(token_id)}
    options: dict[str, Any] = {"IndexName": table.LISTING, "ScanIndexForward": False}
    if flow_id is not None:
        values[":flow"] = flow_id
        options["FilterExpression"] = "flow_id = :flow"
    entries, has_more = pagination.read("listing_pk = :token", values, offset, limit, at=at, **options)
    groups = [list(group) for _, group in groupby(entries, key=_place)]
    # The page may begin or end among conversations of the same ten minutes.
    whole = list(groups)
    if groups and offset:
        whole[0] = _listed_together(token_id, groups[0], flow_id, at=at)
    if groups and has_more and (len(groups) > 1 or not offset):
        whole[-1] = _listed_together(token_id, groups[-1], flow_id, at=at)
    records = _records(token_id, [entry for group in whole for entry in group], at=at)
    return [
        one
        for of_page, together in zip(groups, whole, strict=True)
        for one in _at_same_places(of_page, together, records)
    ], has_more


def _listed_together(token_id: str, of_page: list[Item], flow_id: str | None, *, at: datetime) -> list[Item]:
    """Every entry of the same ten minutes, or those of the page if there are too many to sort."""
    found = table.query(
        "listing_pk = :token AND begins_with(listing_sk, :place)",
        {":token": _listing_pk(token_id), ":place": _place(of_page[0])},
        at=at,
        IndexName=table.LISTING,
        ScanIndexForward=False,
        Limit=_SORTED_MAX + 1,
    )
    entries = list(islice(found, _SORTED_MAX + 1))
    together = [entry for entry in entries if flow_id in {None, entry.get("flow_id")}]
    return together if len(entries) <= _SORTED_MAX and of_page[0] in together else of_page


def _records(token_id: str, entries: Sequence[Item], *, at: datetime) -> Mapping[Key, Conversation]:
    """By the keys of their items. A malformed one counts as missing."""
    # Only keys that this function's role may read.
    keys = [
        _key(entry) for entry in entries if entry["pk"].startswith(conversations.pk("")) and entry["sk"] == "RECORD"
    ]
    found = table.read(dict.fromkeys(keys), is_consistent=False, at=at)
    listed = [item for item in found.values() if item.get("listing_pk") == _listing_pk(token_id)]
    return {conversations.record_key(one.id): one for one in index_entries.verified(listed, _own_key, _from_item)}


def _at_same_places(
    of_page: Sequence[Item], together: Sequence[Item], records: Mapping[Key, Conversation]
) -> list[Conversation]:
    """As many conversations as the page has entries, at their places among all of the same ten minutes."""
    start = together.index(of_page[0])
    found = [records[_key(entry)] for entry in together if _key(entry) in records]
    found.sort(key=lambda one: one.updated_at, reverse=True)
    return found[start : start + len(of_page)]


def _listing_pk(token_id: str) -> str:
    return f"TOKEN#{token_id}"


def _place(entry: Item) -> str:
    """The time under which it is listed."""
    return str(entry["listing_sk"]).partition("#")[0]


def _key(item: Item) -> Key:
    return item["pk"], item["sk"]


def _own_key(item: Item) -> Key:
    return conversations.record_key(item["id"])


def _from_item(item: Item) -> Conversation:
    require_type(item, str, "id", "name", "flow_id", "origin", "created_at", "updated_at")
    require_type({"first_message": ""} | item, str, "first_message")
    counts = [name for name in item if name.startswith(conversations.COUNT)]
    require_type(item, int, *counts)
    updated_at = timestamps.from_text(item["updated_at"])
    listed_at = timestamps.to_text(conversation.listed_at(updated_at))
    if item["listing_sk"] != f"{listed_at}#{item['id']}":
        raise ValueError("listed under another time")
    return Conversation(
        id=item["id"],
        token_id=item["listing_pk"].removeprefix("TOKEN#"),
        name=item["name"],
        flow_id=item["flow_id"],
        origin=item["origin"],
        # Each message and its reply.
        message_count=2 * sum(item[name] for name in counts),
        first_message=item.get("first_message"),
        created_at=timestamps.from_text(item["created_at"]),
        updated_at=updated_at,
    )
