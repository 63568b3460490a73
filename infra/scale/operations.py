"""What each operation costs the table: the recording of our own code, in DynamoDB's units."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).with_name("calls.json")


@dataclass(frozen=True, slots=True)
class Part:
    """What a call does to one item. `key`: kind of partition key and of sort key, such as `SESSION/TURN`.

    `reads` and `writes` are units; `entries`: units that its entry in the index costs, under a key of kind `listed`.
    """

    key: str
    reads: float = 0
    writes: float = 0
    listed: str = ""
    entries: float = 0
    # `new`, `moved`, or `kept` where it is and written over.
    entry: str = ""

    @property
    def partition(self) -> str:
        return self.key.split("/")[0]


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    parts: tuple[Part, ...]

    def without(self, partition: str) -> Call:
        return Call(self.name, tuple(part for part in self.parts if part.partition != partition))

    def only(self, partition: str) -> Call:
        return Call(self.name, tuple(part for part in self.parts if part.partition == partition))


Operations = Mapping[str, tuple[Call, ...]]


def recorded() -> Operations:
    operations = json.loads(RECORDED.read_text(encoding="utf-8"))
    return {name: tuple(_call(call) for call in calls) for name, calls in operations.items()}


def parts(calls: Iterable[Call]) -> list[Part]:
    return [part for call in calls for part in call.parts]


def read_units(size: int, *, consistent: bool) -> float:
    """4 KB each, at least one; half of that where an older state will do."""
    return max(1, math.ceil(size / 4096)) * (1 if consistent else 0.5)


def write_units(size: int) -> int:
    """1 KB each, at least one: of the whole item, as it was or as it is, whichever is larger."""
    return max(1, math.ceil(size / 1024))


def _call(call: dict[str, Any]) -> Call:
    name = call["call"]
    if "consistent" in call:
        found = call["items"]
        return Call(name, tuple(Part(one["key"], reads=_read(one["bytes"], call["consistent"])) for one in found))
    # A transaction prepares and commits: it costs two writes. The index follows it later, with ordinary ones.
    times = 2 if name == "TransactWriteItems" else 1
    return Call(name, tuple(_change(change, times) for change in call.get("items", ())))


def _read(size: int, consistent: bool) -> float:  # noqa: FBT001 - as JSON has it
    return read_units(size, consistent=consistent)


def _change(change: dict[str, Any], times: int) -> Part:
    writes = times * write_units(max(change["before"], change["after"]))
    if "listing" not in change:
        return Part(change["key"], writes=writes)
    sizes = change["listing"]["writes"]
    entry = "moved" if len(sizes) > 1 else "kept" if change["before"] and change["after"] else "new"
    listed = change["listing"]["key"]
    return Part(change["key"], writes=writes, listed=listed, entries=sum(map(write_units, sizes)), entry=entry)
