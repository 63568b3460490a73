"""Batches of log lines: each is added to the tallies once, however often it is delivered.

A batch is one transaction per fifty items: a marker under the batch's id, which must not exist, and the new items, none
of which may have changed since it was read. So a flood costs one write per client token and batch.
"""

from __future__ import annotations

import math
import os
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.errors import Unavailable
from shared.rules import digest, tally
from shared.rules.tally_line import Line
from shared.store import table, tallies
from shared.store.table import ConditionFailed, Item, Key, TransactionConflict, Write

_PER_TRANSACTION = 50
# Batches of one log stream come one after the other, those of others at the same time.
_SHARDS = 4
_ATTEMPTS = 12
_LONGEST_PAUSE = 8
# No batch is delivered again once its marker has expired, because its hours are closed by then.
_MARKER_LIFETIME = tally.DELIVERED_WITHIN + timedelta(days=1)


def record(batch_id: str, stream: str, lines: Sequence[Line], *, at: datetime) -> int:
    """Adds the lines of a batch, unless it was added before. Returns how many of them are not too old, or too early.

    Raises Unavailable if it cannot: then the batch has to be delivered again.
    """
    shard = int(digest.sha256_hex(stream), 16) % _SHARDS
    parts: dict[Key, list[Line]] = defaultdict(list)
    for line in lines:
        parts[tallies.hour_key(line.token_id, tally.hour_of(line.at), shard)].append(line)
        if line.previous_value:
            parts[tallies.previous_key(line.token_id)].append(line)
    # In an order that depends on the lines alone, and not on the time of the delivery, as do the ids of the markers.
    keys = sorted(parts)
    for number, start in enumerate(range(0, len(keys), _PER_TRANSACTION)):
        some = {key: parts[key] for key in keys[start : start + _PER_TRANSACTION]}
        _add(_marker(f"{batch_id}#{number}", at), some, at)
    return sum(tally.is_open(tally.hour_of(line.at), at) for line in lines)


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
    whole = tally.add(tallies.from_item(item), counted) if item else counted
    return tallies.to_attributes(whole) | {"expires_at": _expiry(datetime.fromisoformat(f"{hour}:00+00:00"))}


def _uses_added(item: Item | None, lines: Sequence[Line], at: datetime) -> Item:
    used = [line for line in lines if tally.is_open(tally.hour_of(line.at), at)]
    if not used:
        return {}
    uses = tally.newest_uses(dict((item or {}).get("uses", ())), tally.last_uses(used))
    return {"uses": list(map(list, uses.items())), "expires_at": _expiry(max(line.at for line in used))}


def _expiry(at: datetime) -> int:
    return math.ceil((at + timedelta(days=int(os.environ["TALLY_RETENTION_DAYS"]))).timestamp())
