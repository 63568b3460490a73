"""Tallies by client token and hour. Several items may be of one hour: they add up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from shared.rules import tally
from shared.rules.tally import Group, Tally
from shared.store import table
from shared.store.table import Item, Key

_COUNTS = ("sessions", "messages", "repeated", "paused", "input_tokens", "output_tokens", "cost")
_BY_CODE = ("refused", "failed", "observed")
_TIMES = ("answer_times", "first_word_times")


def hour_key(token_id: str, hour: str, shard: int) -> Key:
    return _pk(token_id), f"HOUR#{hour}#{shard}"


def previous_key(token_id: str) -> Key:
    """When each of the token's previous values was last used."""
    return _pk(token_id), "PREVIOUS"


def last_uses(token_id: str, *, at: datetime) -> dict[str, str]:
    """Of previous values, by short digest of their `jti`."""
    item = table.get(previous_key(token_id), is_consistent=False, at=at) or {}
    return dict(item.get("uses", ()))


def hours(token_id: str, since: datetime, until: datetime, *, at: datetime) -> Iterator[tuple[str, Tally]]:
    """The tallies of the hours from `since` to before `until`, in order. An hour may have several, which add up."""
    items = table.query(
        "pk = :pk AND sk BETWEEN :since AND :until",
        {":pk": _pk(token_id), ":since": f"HOUR#{tally.hour_of(since)}", ":until": f"HOUR#{tally.hour_of(until)}"},
        at=at,
    )
    for item in items:
        yield item["sk"].split("#")[1], from_item(item)


def to_attributes(whole: Tally) -> dict[str, Any]:
    """Without zeros."""
    counts = {name: getattr(whole, name) or None for name in _COUNTS}
    by_code = {name: list(map(list, getattr(whole, name).items())) or None for name in _BY_CODE}
    times = {name: list(getattr(whole, name)) if any(getattr(whole, name)) else None for name in _TIMES}
    return counts | by_code | times | {"groups": [list(group) for group in whole.groups] or None}


def from_item(item: Item) -> Tally:
    nothing = [0] * (len(tally.BOUNDS) + 1)
    fields: dict[str, Any] = {name: item.get(name, 0) for name in _COUNTS}
    fields |= {name: dict(item.get(name, ())) for name in _BY_CODE}
    fields |= {name: item.get(name, nothing) for name in _TIMES}
    return Tally(**fields, groups=tuple(Group(*written) for written in item.get("groups", ())))


def _pk(token_id: str) -> str:
    return f"TALLY#{token_id}"
