"""What each operation costs the table: the recording of our own code, in DynamoDB's units."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).with_name("calls.json")


@dataclass(frozen=True, slots=True)
class Part:
    """What a call does to one item. `partition`: the kind of its key, such as `SESSION`; `size`: bytes.

    `reads` and `writes` are units; `entries`: units that its entry in the index costs, under a key of kind `listed`.
    """

    partition: str
    size: int
    reads: float = 0
    writes: float = 0
    listed: str = ""
    entries: float = 0
    # `new`, `moved`, or `kept` where it is and written over.
    entry: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    parts: tuple[Part, ...]

    @property
    def notes_use(self) -> bool:
        return any(part.writes and part.partition == "USAGE" for part in self.parts)

    def without(self, *partitions: str) -> Call:
        return Call(self.name, tuple(part for part in self.parts if part.partition not in partitions))

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


def _call(call: dict[str, Any]) -> Call:
    name, items = call["call"], call.get("items", ())
    if "consistent" in call:
        return Call(name, tuple(_read(item, consistent=call["consistent"]) for item in items))
    # A transaction prepares and commits: it costs two writes. The index follows it later, with ordinary ones.
    return Call(name, tuple(_written(item, 2 if name == "TransactWriteItems" else 1) for item in items))


def _read(item: dict[str, Any], *, consistent: bool) -> Part:
    return Part(_partition(item), item["bytes"], reads=read_units(item["bytes"], consistent=consistent))


def _written(item: dict[str, Any], times: int) -> Part:
    size = max(item["before"], item["after"])
    part = Part(_partition(item), size, writes=times * _write_units(size))
    if "listing" not in item:
        return part
    sizes = item["listing"]["writes"]
    entry = "moved" if len(sizes) > 1 else "kept" if item["before"] and item["after"] else "new"
    return replace(part, listed=item["listing"]["key"], entries=sum(map(_write_units, sizes)), entry=entry)


def _partition(item: dict[str, Any]) -> str:
    kind: str = item["key"].split("/")[0]
    return kind


def _write_units(size: int) -> int:
    """1 KB each, at least one: of the whole item, as it was or as it is, whichever is larger."""
    return max(1, math.ceil(size / 1024))
