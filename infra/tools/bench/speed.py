"""Speed: a function's start, its first invocation, and later ones, beside the baselines."""

from __future__ import annotations

from collections.abc import Mapping

from infra.tools.bench.chart import Bar, Chart
from infra.tools.bench.figures import Figures, Spread
from infra.tools.bench.report import Section, cell, ratio, with_limit
from infra.tools.tables import Table

# Limits for the medians. A second client, for KMS, costs more than the first.
_START_TO_FLOOR = {"CreateClientToken": 1.10, "GetClientTokenValue": 1.10, "RegenerateClientToken": 1.10}
_START_TO_FASTAPI_MANGUM = 0.50
_WARM_TO_BARE = 1.15
_WARM_TO_FASTAPI_MANGUM = 0.80
_FEW = 4
# Any of its operations would do: one application serves them all.
_FASTAPI_MANGUM = "fastapi_mangum GetClientToken"


def sections(functions: list[str], figures: Figures, loaded_late: Mapping[str, list[str]]) -> list[Section]:
    """`loaded_late`: the modules that each function loads only with its first event."""
    return [
        _starts(functions, figures),
        _first_invocations(functions, figures, loaded_late),
        _warm_path(functions, figures),
    ]


def _starts(functions: list[str], figures: Figures) -> Section:
    names = sorted(functions, key=lambda name: figures.ratio(name, "floor", "start").median)
    bars = [Bar(name, figures.ratio(name, "floor", "start")) for name in names]
    baselines = [
        Bar("floor", figures.ratio("floor", "floor", "start"), "floor"),
        Bar("fastapi_mangum", figures.ratio(_FASTAPI_MANGUM, "floor", "start"), "fastapi_mangum"),
    ]
    rows = [
        [
            name,
            cell(figures.cpu(name, "start")),
            cell(figures.raw(name, "start_wall")),
            _ratio_with_limit(figures.ratio(name, "floor", "start"), _START_TO_FLOOR.get(name, 1.0)),
            _ratio_with_limit(figures.ratio(name, _FASTAPI_MANGUM, "start"), _START_TO_FASTAPI_MANGUM),
        ]
        for name in functions
    ]
    for name, subject in (("floor", "floor"), ("fastapi_mangum", _FASTAPI_MANGUM)):
        ratios = [ratio(figures.ratio(subject, other, "start")) for other in ("floor", _FASTAPI_MANGUM)]
        rows.append([name, cell(figures.cpu(subject, "start")), cell(figures.raw(subject, "start_wall")), *ratios])
    empty = [cell(figures.raw("empty", what)) for what in ("start", "start_wall")]
    rows.append(["empty, excluded from CPU above", *empty, "", ""])
    return Section(
        "Cold start",
        "The time from the start of the process until the function asks for its first event: it covers Python, "
        "the runtime client, the function's imports, and its AWS clients. `floor` imports boto3, creates a "
        "DynamoDB client, and returns 200.",
        [Chart("cold-start", "CPU time of a start", "floor = 1", bars + baselines, 1.0)],
        [Table(["function", "CPU, ms", "wall, ms", "ratio to floor", "ratio to fastapi_mangum"], rows)],
    )


def _first_invocations(functions: list[str], figures: Figures, loaded_late: Mapping[str, list[str]]) -> Section:
    rows = [
        [
            name,
            cell(figures.cpu(name, "first")),
            cell(figures.raw(name, "first_wall")),
            cell(figures.cpu(f"bare {name}", "first")),
            ratio(figures.ratio(name, f"bare {name}", "first")),
            cell(figures.cpu(f"fastapi_mangum {name}", "first")) if f"fastapi_mangum {name}" in figures.samples else "",
            _few(loaded_late[name]),
        ]
        for name in functions
    ]
    return Section(
        "First invocation",
        "The first event after the start opens connections and loads the remaining modules. `bare` makes the same AWS "
        "calls with the same parameters through boto3, and does nothing else.",
        [
            Chart(
                "first-invocation",
                "CPU time of the first invocation",
                "ms",
                _beside_baselines(functions, figures, "first"),
            )
        ],
        [
            Table(
                [
                    "function",
                    "CPU, ms",
                    "wall, ms",
                    "bare, CPU, ms",
                    "ratio to bare",
                    "fastapi_mangum, CPU, ms",
                    "loads",
                ],
                rows,
            )
        ],
    )


def _warm_path(functions: list[str], figures: Figures) -> Section:
    rows = [
        [
            name,
            cell(figures.cpu(name, "warm")),
            cell(figures.cpu(f"bare {name}", "warm")),
            _ratio_with_limit(figures.ratio(name, f"bare {name}", "warm"), _WARM_TO_BARE),
            _ratio_with_limit(figures.ratio(name, f"fastapi_mangum {name}", "warm"), _WARM_TO_FASTAPI_MANGUM)
            if f"fastapi_mangum {name}" in figures.samples
            else "",
        ]
        for name in functions
    ]
    bars = [Bar(name, figures.ratio(name, f"bare {name}", "warm")) for name in functions]
    return Section(
        "Warm path",
        "Every later invocation, with AWS responding immediately, so this is the time of the function itself. A "
        "deployment adds a few milliseconds per call for the network.",
        [Chart("warm-path", "CPU time of an invocation", "bare = 1", bars, _WARM_TO_BARE)],
        [Table(["function", "CPU, ms", "bare, CPU, ms", "ratio to bare", "ratio to fastapi_mangum"], rows)],
    )


def _beside_baselines(functions: list[str], figures: Figures, what: str) -> list[Bar]:
    kinds = {"": "ours", "bare ": "bare", "fastapi_mangum ": "fastapi_mangum"}
    subjects = [(f"{baseline}{name}", kind) for name in functions for baseline, kind in kinds.items()]
    return [Bar(name, figures.cpu(name, what), kind) for name, kind in subjects if name in figures.samples]


def _few(modules: list[str]) -> str:
    more = len(modules) - _FEW
    return ", ".join(modules[:_FEW]) + (f" and {more} more" if more > 0 else "")


def _ratio_with_limit(value: Spread, limit: float) -> str:
    return with_limit(ratio(value), value, limit)
