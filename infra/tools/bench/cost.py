"""What a million calls of an operation cost: AWS calls, units of the table, and the duration of the function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from infra.tools.bench import units
from infra.tools.bench.chart import Bar, Chart
from infra.tools.bench.figures import Spread
from infra.tools.bench.report import Section, with_limit
from infra.tools.bench.world import Recording
from infra.tools.tables import Table

PRICES_OF = "2026-11-24"


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars per million, except `gigabyte_second` and `log_gigabyte`; us-east-1, on demand. Edit them for yours."""

    api_request: float = 3.50
    lambda_request: float = 0.20
    gigabyte_second: float = 0.0000133334
    read_unit: float = 0.125
    write_unit: float = 0.625
    kms_request: float = 3.00
    log_gigabyte: float = 0.50


# Limits for a session and a message, averaged over a conversation.
_TO_FASTAPI_MANGUM = {"InitSession": 1.07, "Chat": 0.95}
_READS = {"InitSession": 3, "Chat": 4}
_WRITES = {"InitSession": 2, "Chat": 6}

# Assumptions about Lambda and the network within a region: a whole CPU at 1,769 MB, and these times per call.
_WHOLE_CPU_MB = 1769
_ROUND_TRIP_MS = {"dynamodb": 4.0, "kms": 8.0}


@dataclass(frozen=True, slots=True)
class Cost:
    """Dollars for a million. `duration` is in milliseconds, `reads` and `writes` in units, of an average operation."""

    duration: float
    reads: float
    writes: float
    gateway: float
    compute: float
    table: float
    key: float
    logs: float

    @property
    def total(self) -> float:
        return self.gateway + self.compute + self.table + self.key + self.logs


def of(name: str, recordings: Sequence[Recording], cpu: float, prices: Prices) -> Cost:
    """`name`: the function's logical id; `cpu`: milliseconds of a whole CPU that one invocation takes."""
    function, count = recordings[0].program.function, len(recordings)
    exchanges = [exchange for recording in recordings for exchange in recording.exchanges]
    network = sum(_ROUND_TRIP_MS[exchange.service] for exchange in exchanges) / count
    duration = cpu / min(1.0, function.memory / _WHOLE_CPU_MB) + network
    stored = [exchange for exchange in exchanges if exchange.service == "dynamodb"]
    reads = sum(units.read_units(one.operation, one.asked(), one.answered()) for one in stored) / count
    writes = sum(units.write_units(one.operation, change) for one in stored for change in one.changes) / count
    return Cost(
        duration=duration,
        reads=reads,
        writes=writes,
        # API Gateway doesn't charge for invoking the authorizer, and CloudWatch invokes the function that tallies.
        gateway=0.0 if name == "Authorize" or name.startswith("Tally") else prices.api_request,
        compute=prices.lambda_request + prices.gigabyte_second * function.memory / 1024 * duration * 1000,
        table=prices.read_unit * reads + prices.write_unit * writes,
        key=prices.kms_request * sum(exchange.service == "kms" for exchange in exchanges) / count,
        logs=prices.log_gigabyte * sum(one.logged for one in recordings) / count * 1e6 / 1e9,
    )


def section(recorded: Mapping[str, Sequence[Recording]], cpu: Mapping[str, float], prices: Prices) -> Section:
    """`recorded` and `cpu` (milliseconds) by operation: ours by logical id, the baseline's as `fastapi_mangum <id>`."""
    costs = {name: of(name, those, cpu[name], prices) for name, those in recorded.items()}
    # Our row, followed by the baseline's.
    names = sorted(
        costs,
        key=lambda name: (list(costs).index(name.removeprefix("fastapi_mangum ")), name.startswith("fastapi_mangum ")),
    )
    rows = [_row(name, costs[name], costs.get(f"fastapi_mangum {name}")) for name in names]
    head = [
        "dollars per million",
        "total",
        "API Gateway",
        "Lambda",
        "DynamoDB",
        "KMS",
        "logs",
        "ratio to fastapi_mangum",
    ]
    units_head = ["per operation", "read units", "write units", "ms in Lambda"]
    units_rows = [
        [
            name,
            _limited(f"{one.reads:g}", one.reads, _READS.get(name)),
            _limited(f"{one.writes:g}", one.writes, _WRITES.get(name)),
            f"{one.duration:.1f}",
        ]
        for name, one in costs.items()
    ]
    bars = [
        Bar(name, Spread.of([costs[name].total]), "fastapi_mangum" if name.startswith("fastapi_mangum ") else "ours")
        for name in names
    ]
    assumed = [[_priced(field.name), f"{getattr(prices, field.name):.10g}"] for field in fields(prices)]
    return Section(
        "Cost",
        "Dollars per million operations, in us-east-1, on demand, without a free tier. The prices are at the end. They "
        f"are those of {PRICES_OF}; edit them in `infra/tools/bench/cost.py`. Lambda's duration is the CPU time above, "
        "at the share that the function's memory buys, plus "
        f"{_ROUND_TRIP_MS['dynamodb']:g} ms per DynamoDB call and {_ROUND_TRIP_MS['kms']:g} ms per KMS call. Cold "
        "starts, traces, storage, data transfer, and targets are not counted. A management request also invokes the "
        "authorizer, at most once per minute and credential. A session is a later one of its token. A message is "
        "the average of ten in ten minutes, each with an answer, of 380 characters together. `Tally` counts a batch of "
        "requests from the log: a batch of one costs the most per request, and the last row is a batch of a hundred.",
        [Chart("cost", "Cost of a million operations", "dollars", bars)],
        [Table(head, rows), Table(units_head, units_rows), Table(["assumed price of", "dollars"], assumed)],
    )


def _priced(name: str) -> str:
    what = name.replace("_", " ")
    return f"a {what}" if "gigabyte" in name else f"a million {what}s"


def _limited(text: str, value: float, limit: float | None) -> str:
    return text if limit is None else with_limit(text, Spread.of([value]), limit)


def _row(name: str, cost: Cost, usual: Cost | None) -> list[str]:
    ratio = cost.total / usual.total if usual else 0.0
    return [
        name,
        *(f"{part:.2f}" for part in (cost.total, cost.gateway, cost.compute, cost.table, cost.key, cost.logs)),
        _limited(f"{ratio:.3f}", ratio, _TO_FASTAPI_MANGUM.get(name)) if usual else "",
    ]
