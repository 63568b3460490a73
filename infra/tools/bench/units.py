"""The capacity units of a DynamoDB call, from the items that it reads and writes.

Source of sizes: "DynamoDB item sizes and formats" in the developer guide.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from infra.local import template
from infra.tools import capacity

Item = Mapping[str, Any]
"""With attributes as DynamoDB's API has them."""
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One item before and after a write; None if it does not exist."""

    before: Item | None
    after: Item | None


def written(operation: str, request: Mapping[str, Any]) -> list[Key]:
    """The keys of the items that a call may write."""
    match operation:
        case "PutItem" | "UpdateItem" | "DeleteItem":
            parts = [request]
        case "TransactWriteItems":
            parts = [part for entry in request["TransactItems"] for part in entry.values()]
        case "BatchWriteItem":
            parts = [part for table in request["RequestItems"].values() for entry in table for part in entry.values()]
        case _:
            return []
    keys = [part.get("Key") or part["Item"] for part in parts]
    return [(key["pk"]["S"], key["sk"]["S"]) for key in keys]


def write_units(operation: str, change: Change) -> int:
    """Write units of a change: in the table, doubled in a transaction, and in the indexes, each updated once."""
    twice = 2 if operation == "TransactWriteItems" else 1
    in_indexes = sum(capacity.write_units(one) for index in indexes() for one in index_writes(change, index))
    return twice * capacity.write_units(max(size(change.before), size(change.after), 1)) + in_indexes


def index_entry(item: Item | None, index: str) -> Item | None:
    """What the index holds of an item, if it lists it."""
    keys, projected = indexes()[index]
    if not item or not all(key in item for key in keys):
        return None
    return {name: value for name, value in item.items() if name in projected}


@cache
def indexes() -> dict[str, tuple[tuple[str, ...], frozenset[str]]]:
    """The keys of each index, and all attributes that it holds."""
    found = {}
    for index in template.read()["Resources"]["Table"]["Properties"]["GlobalSecondaryIndexes"]:
        keys = tuple(key["AttributeName"] for key in index["KeySchema"])
        found[index["IndexName"]] = keys, frozenset({"pk", "sk", *keys, *index["Projection"]["NonKeyAttributes"]})
    return found


def index_writes(change: Change, index: str) -> list[int]:
    """The size of each write in the index."""
    before, after = index_entry(change.before, index), index_entry(change.after, index)
    if before == after:
        return []
    keys, _ = indexes()[index]
    if before and after and all(before[key] == after[key] for key in keys):
        return [max(size(before), size(after))]
    # A changed index key costs a removal and an addition.
    return [size(item) for item in (before, after) if item]


def read_units(operation: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> float:
    """Half if the read is eventually consistent. A missing item costs as much as a small one."""
    match operation:
        case "GetItem":
            return _reads([size(answer.get("Item"))], request)
        case "BatchGetItem":
            units = 0.0
            for table, asked in request["RequestItems"].items():
                found = [size(item) for item in answer["Responses"].get(table, ())]
                found += [0] * (len(asked["Keys"]) - len(found))
                units += _reads(found, asked)
            return units
        case "Query":
            return _reads([sum(map(size, answer.get("Items", ())))], request)
    return 0.0


def _reads(sizes: Iterable[int], asked: Mapping[str, Any]) -> float:
    return sum(capacity.read_units(one, consistent=asked.get("ConsistentRead", False)) for one in sizes)


def size(item: Item | None) -> int:
    """Bytes of an item as DynamoDB counts them."""
    return sum(len(name.encode()) + _value_size(value) for name, value in (item or {}).items())


def _value_size(attribute: Mapping[str, Any]) -> int:
    ((kind, value),) = attribute.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            # One byte per two digits, plus one.
            return math.ceil(len(value.lstrip("-")) / 2) + 1
        case "BOOL" | "NULL":
            return 1
        case "L":
            return 3 + sum(1 + _value_size(one) for one in value)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _value_size(one) for name, one in value.items())
    raise TypeError(f"no size for an attribute of type {kind}")
