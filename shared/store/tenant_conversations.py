"""The conversations of all of a tenant's tokens, in pages.

No index lists them by tenant: each message would pay for it, and a large tenant's partition would be hot. So a page
merges the lists of a few tokens, the newest tokens first, and its end says which tokens and how far. Each request looks
at a bounded number of tokens, however many there are.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from shared.rules import cursor, identifier
from shared.rules.conversation import Conversation, ConversationFilter, Place
from shared.store import client_tokens, conversation_list, memberships, table, visitor_conversations
from shared.store.conversation_list import listing_pk
from shared.store.table import Item

_TOKENS_AT_ONCE = 25
_GROUPS_MAX = 4
_NEWEST = "~"


@dataclass(frozen=True, slots=True)
class _Group:
    """Tokens whose lists are merged, the newest first, and so far down their lists."""

    token_ids: Sequence[str]
    bound: str = _NEWEST

    def to_text(self) -> str:
        return json.dumps([self.token_ids[0], self.token_ids[-1], self.bound])


def page(
    tenant: str, only: ConversationFilter | None, limit: int, *, after: str | None, at: datetime
) -> tuple[list[Conversation], str | None]:
    """Conversations, most recently active first among those of the same tokens, and where the page ends, if more may
    follow. A page may have fewer than `limit`, or none, although more follow.

    `only`: None for none. Raises NotFound for an unknown token and, with the same message, for another tenant's.
    """
    if only is None:
        return [], None
    if only.visitor_id:
        return _page_of_visitor(tenant, only.visitor_id, only, limit, after=after, at=at)
    if only.token_id:
        return _page_of_token(tenant, only.token_id, only, limit, after=after, at=at)
    return _page_of_tokens(tenant, only, limit, after=after, at=at)


def _page_of_tokens(
    tenant: str, only: ConversationFilter, limit: int, *, after: str | None, at: datetime
) -> tuple[list[Conversation], str | None]:
    group = _from_text(tenant, after) if after else _next(tenant, None)
    for _ in range(_GROUPS_MAX):
        if group is None:
            return [], None
        token_ids = _matching(tenant, group.token_ids, only)
        entries = list(islice(_newest_first(token_ids, group.bound, limit, at), limit + 1))
        if len(entries) > limit:
            rest = _Group(group.token_ids, entries[limit - 1]["listing_sk"])
            return _read(entries[:limit], token_ids, at), rest.to_text()
        group = _next(tenant, group.token_ids[-1])
        if entries:
            return _read(entries, token_ids, at), group.to_text() if group else None
    return [], group.to_text() if group else None


def _page_of_token(
    tenant: str, token_id: str, only: ConversationFilter, limit: int, *, after: str | None, at: datetime
) -> tuple[list[Conversation], str | None]:
    memberships.require(tenant, token_id)
    try:
        place = Place.from_text(after) if after else None
    except ValueError:
        raise cursor.invalid() from None
    if not _matching(tenant, [token_id], only):
        return [], None
    found, end = conversation_list.page(token_id, 0, limit, flow_id=None, after=place, at=at)
    return found, end.to_text() if end else None


def _page_of_visitor(
    tenant: str, visitor_id: str, only: ConversationFilter, limit: int, *, after: str | None, at: datetime
) -> tuple[list[Conversation], str | None]:
    """A visitor belongs to one token, so all of the conversations match the other filters, or none."""
    if only.token_id:
        memberships.require(tenant, only.token_id)
    found = visitor_conversations.entries(visitor_id, None, after, limit, at=at)
    entries = list(islice(found, limit + 1))
    records = conversation_list.read_owned(entries[:limit], tenant, visitor_id, at=at)
    if records is None:
        # Another tenant's visitor reads like an unknown one: not even a cursor names a conversation.
        return [], None
    token_ids = {one.token_id for one in records}
    if only.token_id:
        token_ids &= {only.token_id}
    matching = set(_matching(tenant, list(token_ids), only))
    shown = [one for one in records if one.token_id in matching]
    shown.sort(key=lambda one: (one.updated_at, one.id), reverse=True)
    return shown, str(entries[limit - 1]["listing_sk"]) if len(entries) > limit else None


def _matching(tenant: str, token_ids: Sequence[str], only: ConversationFilter) -> Sequence[str]:
    return client_tokens.of_surface(tenant, token_ids, only.surface_id) if only.surface_id else token_ids


def _newest_first(token_ids: Sequence[str], bound: str, limit: int, at: datetime) -> Iterator[Item]:
    lists = [
        table.query(
            "listing_pk = :token AND listing_sk < :bound",
            {":token": listing_pk(token_id), ":bound": bound},
            at=at,
            IndexName=table.LISTING,
            ScanIndexForward=False,
            Limit=limit + 1,
        )
        for token_id in token_ids
    ]
    return heapq.merge(*lists, key=lambda entry: str(entry["listing_sk"]), reverse=True)


def _read(entries: Sequence[Item], token_ids: Sequence[str], at: datetime) -> list[Conversation]:
    records = conversation_list.read_records(entries, set(map(listing_pk, token_ids)), at=at)
    return sorted(records.values(), key=lambda one: (one.updated_at, one.id), reverse=True)


def _next(tenant: str, last: str | None) -> _Group | None:
    """The tokens that follow, None after the last one."""
    token_ids, _ = memberships.page(tenant, 0, _TOKENS_AT_ONCE, after=last)
    return _Group(token_ids) if token_ids else None


def _from_text(tenant: str, text: str) -> _Group | None:
    """Without tokens that were deleted since. Raises InvalidRequest."""
    try:
        newest, oldest, bound = map(cursor.require_text, map(str, json.loads(text)))
    except (TypeError, ValueError):
        raise cursor.invalid() from None
    if not (identifier.is_valid("ct", newest) and identifier.is_valid("ct", oldest) and newest >= oldest and bound):
        raise cursor.invalid()
    # A token that was being created meanwhile may be among them, but a cursor of ours never spans twice as many.
    most = 2 * _TOKENS_AT_ONCE
    token_ids = memberships.between(tenant, newest, oldest, most + 1)
    if len(token_ids) > most:
        raise cursor.invalid()
    return _Group(token_ids, bound) if token_ids else _next(tenant, oldest)
