"""The tables of docs/scale.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from infra.scale import ceilings, scenarios
from infra.scale.limits import LIMITS, READ_ON, SECONDS, TARGET_SECONDS
from infra.scale.load import Crowd, Outcome
from infra.scale.operations import Operations, parts

_WORTH_TELLING = 0.01
PLACE = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(document: str, operations: Operations) -> str:
    """The document with its tables as they are now, each between `<!-- its name -->` and `<!-- end -->`."""
    return PLACE.sub(lambda place: f"{place[1]}{_lines(TABLES[place[2]](operations))}{place[3]}", document)


def _lines(rows: Iterable[Iterable[object]]) -> str:
    head, *body = [[str(cell) for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _limits(_operations: Operations) -> Iterator[Iterable[object]]:
    yield f"Limit, as read on {READ_ON}", "value", "AWS's page", "raised by"
    for limit in LIMITS:
        yield limit.name, f"{limit.value:,} {limit.unit}", limit.source, limit.raised
    for call, seconds in SECONDS.items():
        yield f"Duration of {call}", f"{seconds * 1000:.0f} ms", "our guess", ""
    yield "Duration of a target's answer", f"{TARGET_SECONDS:.0f} s", "our guess", ""


def _operations(operations: Operations) -> Iterator[Iterable[object]]:
    yield "Operation", "AWS calls", "read units", "write units", "of them in the index", "KMS"
    for name, calls in operations.items():
        touched = parts(calls)
        entries = sum(part.entries for part in touched)
        writes = sum(part.writes for part in touched) + entries
        reads = sum(part.reads for part in touched)
        signatures = sum(call.name == "GenerateMac" for call in calls)
        yield name, len(calls), f"{reads:g}", f"{writes:g}", f"{entries:g}", signatures


def _ceilings(operations: Operations) -> Iterator[Iterable[object]]:
    yield "Limit", "of", "a message takes", "messages/s", "who comes too late reads"
    for ceiling in ceilings.of_messages(operations):
        yield ceiling.what, ceiling.of, f"{ceiling.takes:.3g}", f"{ceiling.messages:,.0f}", ceiling.seen


def _ordinary(operations: Operations) -> Iterator[Iterable[object]]:
    yield "Messages/s on 10 000 tokens", "partitions", "answered", "busiest partition"
    for rate, partitions, answered, busiest in scenarios.ordinary(operations):
        yield rate, partitions, f"{answered:.0%}", f"{busiest:,.0f} write units/s"


def _busy(operations: Operations) -> Iterator[Iterable[object]]:
    yield "Each line with all above it", "busy", "others", "refused on the busy token", "answers lost", "uncounted"
    for step, outcome in scenarios.busy_token(operations):
        answered = (f"{outcome.answered(crowd):.0%}" for crowd in (scenarios.BUSY, scenarios.OTHERS))
        yield step, *answered, _refusals(outcome, scenarios.BUSY), f"{outcome.lost}/s", f"{outcome.uncounted}/s"


def _botnet(operations: Operations) -> Iterator[Iterable[object]]:
    crowds = (scenarios.BOTNET, scenarios.OTHERS)
    yield "Deployment", "botnet", "others", "botnet refused", "others refused"
    for name, outcome in scenarios.botnet(operations):
        answered = (f"{outcome.answered(crowd):.0%}" for crowd in crowds)
        yield name, *answered, *(_refusals(outcome, crowd) for crowd in crowds)


def _listing(operations: Operations) -> Iterator[Iterable[object]]:
    yield f"Of {scenarios.LISTED_TOKENS:,} tokens", "records", "AWS calls", "read units", "seconds, at least"
    for name, listings in scenarios.listings(operations):
        for listing in listings:
            yield listing.what, name, f"{listing.calls:,}", f"{listing.units:,.0f}", f"{listing.seconds:,.1f}"


def _refusals(outcome: Outcome, crowd: Crowd) -> str:
    """The most frequent first."""
    shares = sorted(outcome.shares(crowd).items(), key=lambda share: -share[1])
    return "; ".join(f"{share:.0%} {refused}" for refused, share in shares if refused and share >= _WORTH_TELLING)


TABLES = {
    "limits": _limits,
    "operations": _operations,
    "ceilings": _ceilings,
    "ordinary": _ordinary,
    "busy": _busy,
    "botnet": _botnet,
    "listing": _listing,
}
