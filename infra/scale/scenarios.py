"""The four loads that docs/scale.md looks at, and the deployments that meet them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from infra.scale import limits, mends, simulation
from infra.scale.load import Crowd, Outcome, Setting
from infra.scale.operations import Operations, parts, read_units

BUSY = Crowd(5_000, range(1))
OTHERS = Crowd(500, range(1, 10_000))
# 100 000 addresses, each with a session and as often as a token allows an address by itself: 10 messages a minute.
BOTNET = Crowd(100_000 * 10 / 60, range(1), visit=10**9)
_PLENTY = 20_000
_NEW_PARTITIONS = limits.NEW_TABLE_WRITES.value // limits.PARTITION_WRITES.value
_GROWN_PARTITIONS = 32

LISTED_TOKENS = 100_000
_PAGE_TOKENS = 100
# Query reads that much at a time.
_QUERY_BYTES = 1024 * 1024
_CONFIG_BYTES = 16 * 1024


def ordinary(operations: Operations) -> Iterator[tuple[float, int, float, float]]:
    """Messages a second on 10 000 tokens; partitions; share answered; writes of the busiest partition."""
    for partitions, rates in ((_NEW_PARTITIONS, (100, 200, 400, 800)), (_GROWN_PARTITIONS, (800,))):
        for rate in rates:
            crowd = Crowd(rate, range(10_000))
            outcome = simulation.run(Setting(operations, partitions=partitions), crowd)
            busiest = max(units for (kind, _), units in outcome.heat.items() if kind == "writes")
            yield rate, partitions, outcome.answered(crowd), busiest


def busy_token(operations: Operations) -> Iterator[tuple[str, Outcome]]:
    """One token takes all it can: each step lifts the limit that was met before, and shows the next."""
    setting = Setting(operations, partitions=_NEW_PARTITIONS)
    yield "As deployed, the table new", simulation.run(setting, BUSY, OTHERS)
    for step, change in (
        ("Table grown or warmed, busy keys split off", {"partitions": None}),
        ("Throttles of stage and account raised", {"throttle": _PLENTY, "account_throttle": _PLENTY}),
        ("Concurrency raised", {"concurrency": _PLENTY}),
    ):
        setting = replace(setting, **change)
        yield step, simulation.run(setting, BUSY, OTHERS)
    for step, mend in (
        ("Conversations' index holds keys only", mends.entries_of_keys_only),
        ("Entries move once in five minutes", mends.entries_move_rarely),
        ("Use is counted outside the transaction", mends.use_counted_apart),
        ("Use and target remembered by functions", mends.remembered),
    ):
        setting = replace(setting, operations=mend(setting.operations))
        yield step, simulation.run(setting, BUSY, OTHERS)
    setting = replace(setting, token_copies=4)
    yield "Four copies of the token's record", simulation.run(setting, BUSY, OTHERS)
    setting = replace(setting, operations=mends.index_sharded(setting.operations))
    yield "Index key in four parts", simulation.run(setting, BUSY, OTHERS)


def botnet(operations: Operations) -> Iterator[tuple[str, Outcome]]:
    setting = Setting(operations)
    yield "As deployed", simulation.run(setting, BOTNET, OTHERS)
    raised = replace(setting, throttle=_PLENTY, account_throttle=_PLENTY, concurrency=_PLENTY)
    yield "Throttles and concurrency raised", simulation.run(raised, BOTNET, OTHERS)
    walled = replace(setting, firewall=200)
    yield (
        "As deployed, behind a firewall that lets 200 requests/s through for this token",
        simulation.run(walled, BOTNET, OTHERS),
    )


@dataclass(frozen=True, slots=True)
class Listing:
    """What a listing takes. `listed`: the units that the tenant's own partition gives, which holds the ids."""

    what: str
    calls: int
    units: float
    listed: float

    @property
    def seconds(self) -> float:
        return self.listed / limits.PARTITION_READS.value


def listings(operations: Operations) -> Iterator[tuple[str, list[Listing]]]:
    """A tenant's tokens, page by page: as they are recorded, and with the largest config."""
    # The other item there is the count.
    entry = max(part.size for part in parts(operations["create"]) if part.partition == "TOKENS")
    (record,) = (part.size for part in parts(operations["create"]) if part.partition == "TOKEN")
    for name, size in (("small records", record), ("largest config", record + _CONFIG_BYTES)):
        pages = [_page(offset, entry, size) for offset in range(0, LISTED_TOKENS, _PAGE_TOKENS)]
        yield (
            name,
            [
                replace(pages[0], what="the first 100"),
                replace(pages[len(pages) // 2], what="100 from the middle"),
                replace(pages[-1], what="the last 100"),
                Listing(
                    "all, by hundreds",
                    sum(page.calls for page in pages),
                    sum(page.units for page in pages),
                    sum(page.listed for page in pages),
                ),
            ],
        )


def _page(offset: int, entry: int, record: int) -> Listing:
    """Ids before the page are read to be counted. Then come its ids, one more, and each token with its usage."""
    counted, wanted = offset * entry, (_PAGE_TOKENS + 1) * entry
    queries = math.ceil(counted / _QUERY_BYTES) + math.ceil(wanted / _QUERY_BYTES)
    listed = math.ceil(counted / 4096) + math.ceil(wanted / 4096)
    batches = math.ceil(_PAGE_TOKENS / 50)
    units = _PAGE_TOKENS * (read_units(record, consistent=True) + 1)
    return Listing("", queries + batches, listed + units, listed)
