"""What each operation costs the table: the recording of our own code, in DynamoDB's units."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.tools.capacity import read_units, write_units

_INDEXES = ("listing", "visitors")
RECORDED = Path(__file__).with_name("calls.json")


@dataclass(frozen=True, slots=True)
class Part:
    """One item in a call. `partition`: the kind of its key, such as `SESSION`; `size`: bytes.

    `reads` and `writes` are capacity units of the table; `index_writes` are those of its entries in the indexes.
    """

    partition: str
    size: int
    reads: float = 0
    writes: float = 0
    index_writes: float = 0


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    parts: tuple[Part, ...]


Operations = Mapping[str, tuple[Call, ...]]


def recorded() -> Operations:
    operations = json.loads(RECORDED.read_text(encoding="utf-8"))
    return {name: parse(calls) for name, calls in operations.items()}


def parse(calls: Iterable[dict[str, Any]]) -> tuple[Call, ...]:
    """The recorded calls of one operation."""
    return tuple(map(_call, calls))


def parts(calls: Iterable[Call]) -> list[Part]:
    return [part for call in calls for part in call.parts]


def _call(call: dict[str, Any]) -> Call:
    name, items = call["call"], call.get("items", ())
    if "consistent" in call:
        return Call(name, tuple(_read(item, consistent=call["consistent"]) for item in items))
    # A transaction prepares and commits, so each item costs two writes. The index follows with ordinary writes.
    return Call(name, tuple(_written(item, 2 if name == "TransactWriteItems" else 1) for item in items))


def _read(item: dict[str, Any], *, consistent: bool) -> Part:
    return Part(_partition(item), item["bytes"], reads=read_units(item["bytes"], consistent=consistent))


def _written(item: dict[str, Any], times: int) -> Part:
    size = max(item["before"], item["after"])
    index_writes = sum(write_units(size) for index in _INDEXES if index in item for size in item[index]["writes"])
    return Part(_partition(item), size, writes=times * write_units(size), index_writes=index_writes)


def _partition(item: dict[str, Any]) -> str:
    kind: str = item["key"].split("/")[0]
    return kind
