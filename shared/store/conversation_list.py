"""The conversations of a token, as its owner lists them.

The index holds only what changes when a conversation moves in it, so most messages write nothing there. The list reads
the records beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby, islice
from typing import Any

from shared.rules import conversation, timestamps
from shared.rules.conversation import Conversation, Place
from shared.store import conversations, index_entries, pagination, table
from shared.store.attributes import require_type
from shared.store.table import Item, Key

# The order is exact unless more conversations than this were last active within the same ten minutes.
_SORTED_MAX = 500
# Every time sorts before it.
_NEWEST = "~"


@dataclass(frozen=True, slots=True)
class _Listing:
    """The entries of one token's index partition, optionally of one flow only."""

    token_id: str
    flow_id: str | None
    at: datetime

    def older_than(self, bound: str, offset: int, limit: int) -> tuple[list[Item], bool]:
        """Some entries, the newest first, and whether more follow."""
        values = {":token": listing_pk(self.token_id), ":bound": bound}
        options: dict[str, Any] = {"IndexName": table.LISTING, "ScanIndexForward": False}
        if self.flow_id is not None:
            values[":flow"] = self.flow_id
            options["FilterExpression"] = "flow_id = :flow"
        condition = "listing_pk = :token AND listing_sk < :bound"
        return pagination.read(condition, values, offset, limit, at=self.at, **options)

    def of_time(self, time: str) -> list[Item] | None:
        """Every entry of the same ten minutes. None if there are too many to sort."""
        found = table.query(
            "listing_pk = :token AND begins_with(listing_sk, :time)",
            {":token": listing_pk(self.token_id), ":time": time},
            at=self.at,
            IndexName=table.LISTING,
            ScanIndexForward=False,
            Limit=_SORTED_MAX + 1,
        )
        entries = list(islice(found, _SORTED_MAX + 1))
        if len(entries) > _SORTED_MAX:
            return None
        return [entry for entry in entries if self.flow_id in {None, entry.get("flow_id")}]

    def around(self, of_page: list[Item]) -> list[Item]:
        """Every entry of the same ten minutes, or those of the page if there are too many to sort."""
        together = self.of_time(_time(of_page[0]))
        return together if together and of_page[0] in together else of_page


def page(
    token_id: str, offset: int, limit: int, *, flow_id: str | None, after: Place | None, at: datetime
) -> tuple[list[Conversation], Place | None]:
    """Conversations of the token, most recently active first, optionally of one flow; and where the page ends, if more
    follow.

    `after`: where an earlier page ended. Unlike an offset, it stays right if conversations of that page are deleted.
    """
    listing = _Listing(token_id, flow_id, at)
    begun, bound = _resume(listing, after) if after else ([], _NEWEST)
    if len(begun) > limit:
        return begun[:limit], Place.of(begun[limit - 1])
    entries, has_more = listing.older_than(bound, offset, limit - len(begun))
    groups = [list(group) for _, group in groupby(entries, key=_time)]
    # The page may begin or end among conversations of the same ten minutes.
    whole = list(groups)
    is_begun = bool(offset) or (after is not None and groups[:1] != [] and _time(groups[0][0]) == after.time)
    if groups and offset:
        whole[0] = listing.around(groups[0])
    if groups and has_more and (len(groups) > 1 or not is_begun):
        whole[-1] = listing.around(groups[-1])
    records = read_records([entry for group in whole for entry in group], {listing_pk(token_id)}, at=at)
    pieces = [begun, *(_at_same_places(part, together, records) for part, together in zip(groups, whole, strict=True))]
    end = None
    if has_more:
        is_sorted = not groups or whole[-1] is not groups[-1]
        end = Place.of(pieces[-1][-1]) if is_sorted and pieces[-1] else Place(str(entries[-1]["listing_sk"]))
    return [one for piece in pieces for one in piece], end


def _resume(listing: _Listing, after: Place) -> tuple[list[Conversation], str]:
    """The rest of the ten minutes in which an earlier page ended, and the bound of what follows in the index."""
    if after.updated_at is None:
        return [], after.listed
    together = listing.of_time(after.time)
    if together is None:
        # They have become too many to sort. A page may show some again, but leaves none out.
        return [], f"{after.time}#~"
    records = read_records(together, {listing_pk(listing.token_id)}, at=listing.at)
    rest = filter(after.is_before, records.values())
    return sorted(rest, key=lambda one: (one.updated_at, one.id), reverse=True), after.time


def read_records(entries: Iterable[Item], listed_under: Collection[str], *, at: datetime) -> dict[Key, Conversation]:
    """The conversations of these entries of the index, by the keys of their items. A malformed one counts as missing.

    `listed_under`: partition keys of the index. A record that names another does not count.
    """
    listed = [item for item in filter(_is_present, _items(entries, at)) if item.get("listing_pk") in listed_under]
    found = index_entries.verified(listed, _own_key, partial(from_item, at=at))
    return {conversations.record_key(one.id): one for one in found}


def read_owned(entries: Iterable[Item], tenant: str, visitor_id: str, *, at: datetime) -> list[Conversation] | None:
    """The conversations of these entries that are the tenant's and the visitor's. None if all are another tenant's."""
    owner = tenant, conversations.owner_pk(visitor_id)
    items = _items(entries, at)
    owned = [item for item in items if (item.get("tenant"), item.get("owner_pk")) == owner]
    if items and not owned:
        return None
    return list(index_entries.verified(filter(_is_present, owned), _own_key, partial(from_item, at=at)))


def _is_present(item: Item) -> bool:
    """Whether it is not one whose deletion was interrupted."""
    return "is_gone" not in item


def _items(entries: Iterable[Item], at: datetime) -> list[Item]:
    # Only keys that this function's role may read.
    keys = [
        _key(entry) for entry in entries if entry["pk"].startswith(conversations.pk("")) and entry["sk"] == "RECORD"
    ]
    return list(table.read(dict.fromkeys(keys), is_consistent=False, at=at).values())


def _at_same_places(
    of_page: Sequence[Item], together: Sequence[Item], records: Mapping[Key, Conversation]
) -> list[Conversation]:
    """As many conversations as the page has entries, at their places among all of the same ten minutes."""
    start = together.index(of_page[0])
    found = [records[_key(entry)] for entry in together if _key(entry) in records]
    found.sort(key=lambda one: one.updated_at, reverse=True)
    return found[start : start + len(of_page)]


def listing_pk(token_id: str) -> str:
    return f"TOKEN#{token_id}"


def _time(entry: Item) -> str:
    """The time under which it is listed."""
    return str(entry["listing_sk"]).partition("#")[0]


def _key(item: Item) -> Key:
    return item["pk"], item["sk"]


def _own_key(item: Item) -> Key:
    return conversations.record_key(item["id"])


def from_item(item: Item, *, at: datetime) -> Conversation:
    require_type(item, str, "id", "name", "flow_id", "origin", "created_at", "updated_at")
    require_type({"first_message": "", "owner_pk": ""} | item, str, "first_message", "owner_pk")
    require_type(item, int, *conversations.count_names(item))
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
        message_count=conversations.message_count(item),
        first_message=conversations.first_message(item, at),
        created_at=timestamps.from_text(item["created_at"]),
        updated_at=updated_at,
        visitor_id=item.get("owner_pk", "").removeprefix("VISITOR#") or None,
    )
