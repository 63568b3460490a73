"""The results of a soak, as tables for the terminal."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator

from infra.tools.soak.ledger import Ledger
from infra.tools.soak.memory import Row
from infra.tools.tables import Table, plain

_SHOWN = 20


def tables(ledger: Ledger, memory: Iterable[Row]) -> Iterator[str]:
    rows = [
        [
            operation,
            str(len(seconds)),
            f"{statistics.median(seconds) * 1000:.0f}",
            f"{max(seconds) * 1000:.0f}",
            ", ".join(f"{status}: {count}" for status, count in sorted(ledger.statuses[operation].items())),
        ]
        for operation, seconds in sorted(ledger.seconds.items())
    ]
    yield plain(Table(["operation", "calls", "median, ms", "longest, ms", "answers"], rows))
    grown = [[row.name, str(row.count), *(f"{mb:.1f}" for mb in (row.before, row.after, row.most))] for row in memory]
    if grown:
        yield plain(Table(["memory of", "processes", "warm, MB", "at the end, MB", "most grown by, MB"], grown))


def verdict(ledger: Ledger, faults: list[str], *, has_memory: bool) -> Iterator[str]:
    messages, conversations = ledger.messages.total(), len(ledger.messages)
    yield f"{ledger.requests} requests, {messages} messages answered in {conversations} conversations."
    yield from faults[:_SHOWN]
    if len(faults) > _SHOWN:
        yield f"... and {len(faults) - _SHOWN} more"
    if not has_memory:
        yield "Too short to say anything of memory."
