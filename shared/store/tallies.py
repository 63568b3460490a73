"""Tallies by client token and hour: each batch of log lines is added once, however often it is delivered.

A batch is one transaction per fifty items: a marker under the batch's id, which must not exist, and the new items, none
of which may have changed since it was read. So a flood costs one write per client token and batch.
"""

from __future__ import annotations

import math
import os
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.errors import Unavailable
from shared.rules import digest, tally
from shared.rules.tally import Group, Tally
from shared.rules.tally_line import Line
from shared.store import table
from shared.store.table import ConditionFailed, Item, Key, TransactionConflict, Write

_PER_TRANSACTION = 50
# Batches of one log stream come one after the other, those of others at the same time.
_SHARDS = 4
_ATTEMPTS = 12
_LONGEST_PAUSE = 8
# No batch is delivered again once its marker has expired, because its hours are closed by then.
_MARKER_LIFETIME = tally.DELIVERED_WITHIN + timedelta(days=1)
_COUNTS = ("sessions", "messages", "repeated", "paused", "input_tokens", "output_tokens", "cost")
_BY_CODE = ("refused", "failed", "observed")
_TIMES = ("answer_times", "first_word_times")


def record(batch_id: str, stream: str, lines: Sequence[Line], *, at: datetime) -> int:
    """Adds the lines of a batch, unless it was added before. Returns how many of them are not too old, or too early.

    Raises Unavailable if it cannot: then the batch has to be delivered again.
    """
    shard = int(digest.sha256_hex(stream), 16) % _SHARDS
    parts: dict[Key, list[Line]] = defaultdict(list)
    for line in lines:
        parts[_hour_key(line.token_id, tally.hour_of(line.at), shard)].append(line)
        if line.previous_value:
            parts[previous_key(line.token_id)].append(line)
    # In an order that depends on the lines alone, and not on the time of the delivery, as do the ids of the markers.
    keys = sorted(parts)
    for number, start in enumerate(range(0, len(keys), _PER_TRANSACTION)):
        some = {key: parts[key] for key in keys[start : start + _PER_TRANSACTION]}
        _add(_marker(f"{batch_id}#{number}", at), some, at)
    return sum(tally.is_open(tally.hour_of(line.at), at) for line in lines)


def previous_key(token_id: str) -> Key:
    return _pk(token_id), "PREVIOUS"


def _add(marker: Write, parts: dict[Key, list[Line]], at: datetime) -> None:
    for attempt in range(_ATTEMPTS):
        items = table.read(parts, is_consistent=True, at=None)
        writes = [_put(key, items.get(key), lines, at) for key, lines in parts.items()]
        changed = [write for write in writes if write]
        if not changed:
            return None
        try:
            return table.transact([marker, *changed])
        except ConditionFailed as failure:
            if failure.index == 0:
                # The batch was added before.
                return None
        except TransactionConflict:
            pass
        table.pause(min(2**attempt, _LONGEST_PAUSE))
    raise Unavailable


def _marker(name: str, at: datetime) -> Write:
    item = {"pk": f"TALLIED#{name}", "sk": "RECORD", "expires_at": math.ceil((at + _MARKER_LIFETIME).timestamp())}
    return table.put_write(item, condition="attribute_not_exists(pk)")


def _put(key: Key, item: Item | None, lines: Sequence[Line], at: datetime) -> Write | None:
    """The item with these lines. None if they come too late or too early to be counted."""
    revision = item["revision"] if item else 0
    added = _uses_added(item, lines, at) if key[1] == "PREVIOUS" else _hour_added(key, item, lines, at)
    if not added:
        return None
    pk, sk = key
    return table.put_write(
        {"pk": pk, "sk": sk, "revision": revision + 1} | added,
        condition="revision = :revision" if item else "attribute_not_exists(pk)",
        values={":revision": revision} if item else None,
    )


def _hour_added(key: Key, item: Item | None, lines: Sequence[Line], at: datetime) -> Item:
    hour = key[1].split("#")[1]
    if not tally.is_open(hour, at):
        return {}
    counted = tally.of_lines(lines)
    whole = tally.add(_tally(item), counted) if item else counted
    return _attributes(whole) | {"expires_at": _expiry(datetime.fromisoformat(f"{hour}:00+00:00"))}


def _uses_added(item: Item | None, lines: Sequence[Line], at: datetime) -> Item:
    used = [line for line in lines if tally.is_open(tally.hour_of(line.at), at)]
    if not used:
        return {}
    uses = tally.newest_uses(dict((item or {}).get("uses", ())), tally.last_uses(used))
    return {"uses": list(map(list, uses.items())), "expires_at": _expiry(max(line.at for line in used))}


def _attributes(whole: Tally) -> dict[str, Any]:
    """Without zeros."""
    counts = {name: getattr(whole, name) or None for name in _COUNTS}
    by_code = {name: list(map(list, getattr(whole, name).items())) or None for name in _BY_CODE}
    times = {name: list(getattr(whole, name)) if any(getattr(whole, name)) else None for name in _TIMES}
    return counts | by_code | times | {"groups": [list(group) for group in whole.groups] or None}


def _tally(item: Item) -> Tally:
    nothing = [0] * (len(tally.BOUNDS) + 1)
    fields: dict[str, Any] = {name: item.get(name, 0) for name in _COUNTS}
    fields |= {name: dict(item.get(name, ())) for name in _BY_CODE}
    fields |= {name: item.get(name, nothing) for name in _TIMES}
    return Tally(**fields, groups=tuple(Group(*written) for written in item.get("groups", ())))


def _expiry(at: datetime) -> int:
    return math.ceil((at + timedelta(days=int(os.environ["TALLY_RETENTION_DAYS"]))).timestamp())


def _hour_key(token_id: str, hour: str, shard: int) -> Key:
    return _pk(token_id), f"HOUR#{hour}#{shard}"


def _pk(token_id: str) -> str:
    return f"TALLY#{token_id}"
