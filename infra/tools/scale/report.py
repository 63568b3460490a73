"""The tables of docs/scale.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from infra.tools.scale import ceilings, listing
from infra.tools.scale.limits import LIMITS, READ_ON, SECONDS, TARGET_SECONDS
from infra.tools.scale.operations import Operations, parts

PLACE = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(document: str, operations: Operations) -> str:
    """The document with each table, between `<!-- its name -->` and `<!-- end -->`, replaced by the current one."""
    return PLACE.sub(lambda place: f"{place[1]}{_lines(TABLES[place[2]](operations))}{place[3]}", document)


def _lines(rows: Iterable[Iterable[object]]) -> str:
    head, *body = [[str(cell) for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _limits(_operations: Operations) -> Iterator[Iterable[object]]:
    yield f"Limit, as read on {READ_ON}", "value", "AWS's page", "how to raise it"
    for limit in LIMITS:
        yield limit.name, f"{limit.value:,} {limit.unit}", limit.source, limit.raised
    for call, seconds in SECONDS.items():
        yield f"Duration of {call}", f"{seconds * 1000:.0f} ms", "our guess", ""
    yield "Duration of a target's answer", f"{TARGET_SECONDS:.0f} s", "our guess", ""


def _operations(operations: Operations) -> Iterator[Iterable[object]]:
    yield "Operation", "AWS calls", "read units", "write units", "of these in the index", "KMS calls"
    for name, calls in operations.items():
        touched = parts(calls)
        index_writes = sum(part.index_writes for part in touched)
        writes = sum(part.writes for part in touched) + index_writes
        reads = sum(part.reads for part in touched)
        signatures = sum(call.name == "GenerateMac" for call in calls)
        yield name, len(calls), f"{reads:g}", f"{writes:g}", f"{index_writes:g}", signatures


def _ceilings(operations: Operations) -> Iterator[Iterable[object]]:
    yield "Limit", "shared by", "used per message", "messages/s", "callers get beyond it"
    for ceiling in ceilings.of_messages(operations):
        yield ceiling.what, ceiling.shared_by, f"{ceiling.takes:.3g}", f"{ceiling.messages:,.0f}", ceiling.answer


def _listing(operations: Operations) -> Iterator[Iterable[object]]:
    yield f"Of {listing.TOKENS:,} tokens", "record size", "AWS calls", "read units", "minimum seconds"
    for records, one in listing.of_tokens(operations):
        yield one.pages, records, f"{one.calls:,}", f"{one.units:,.0f}", f"{one.seconds:,.1f}"


TABLES = {"limits": _limits, "operations": _operations, "ceilings": _ceilings, "listing": _listing}
