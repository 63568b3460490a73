"""`make bench`: records every operation, measures it many times beside the baselines, and writes the report."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from infra.local import access
from infra.local.template import ROOT
from infra.tools import tables
from infra.tools.bench import cost, growth, machine, measure, programs, report, resources, speed, streaming, workload
from infra.tools.bench.cost import Prices
from infra.tools.bench.figures import Figures, Spread, interleaved
from infra.tools.bench.growth import Group
from infra.tools.bench.report import Section
from infra.tools.bench.world import Recording, World

_ROUNDS, _QUICK_ROUNDS = 15, 3
_INVOCATIONS = 30
_CALLS = ROOT / ".local/bench/calls"
_began = time.monotonic()


def main() -> None:
    options = _options()
    rounds = _QUICK_ROUNDS if options.quick else _ROUNDS
    if not sys.platform.startswith("linux"):
        sys.exit("Only Linux tells what is measured here of another process.")
    access.isolate()
    # Nobody needs the servers' lines about each call, or the translator's about its feature toggles.
    logging.disable(logging.WARNING)
    about = machine.description()
    _say("records every operation, ours and the FastAPI application's")
    words = streaming.Words()
    with World() as world:
        ours, fastapi_mangum = world.caller(), world.caller(world.fastapi_mangum)
        workload.exercise_all(ours, world.flow, world.routes)
        workload.exercise_baseline(fastapi_mangum, world.flow)
        tallied = workload.tally(ours)
        functions = [name for name in world.programs if name in ours.recorded]
        groups = list(growth.record(world))
        streamed = streaming.record(world, words)
        # Late, because growth counts the tenant's tokens.
        averaged = workload.converse(ours, world.flow)
        averaged |= {
            f"fastapi_mangum {name}": those for name, those in workload.converse(fastapi_mangum, world.flow).items()
        }
    recorded = {name: ours.recorded[name] for name in functions} | tallied
    loaded_late = {name: measure.late_imports(recorded[name]) for name in functions}
    recorded |= {f"fastapi_mangum {name}": one for name, one in fastapi_mangum.recorded.items() if name != "Authorize"}
    _say(f"{rounds} rounds of every function and its baselines")
    figures = Figures(interleaved(_subjects(recorded), rounds, _say))
    _say(f"{rounds} rounds of streaming")
    passing = {
        name: partial(streaming.run, one, words)
        for name, one in streaming.subjects(streamed, words, _calls_file("Chat, streamed", streamed)).items()
    }
    streams = interleaved(passing, rounds, _say)
    words.stop()
    _say(f"{rounds} rounds of growth")
    sections = [
        *speed.sections(functions, figures, loaded_late),
        streaming.section(streams),
        resources.section(recorded, figures),
        growth.section(_grown(groups, rounds)),
        cost.section(
            {name: averaged.get(name, [one]) for name, one in recorded.items()},
            {name: figures.cpu(name, "warm").median for name in recorded},
            Prices(),
        ),
    ]
    _print(sections)
    report.write(options.output, _introduction(about, rounds), sections)
    _say(f"wrote {options.output}")
    if exceeded := report.exceeded(sections):
        sys.exit("\n".join(["These figures are above their limits:", *exceeded]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.tools.bench", description="Measures the built artifact beside baselines."
    )
    parser.add_argument(
        "--quick", action="store_true", help=f"{_QUICK_ROUNDS} rounds instead of {_ROUNDS}, to try it out"
    )
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs/benchmarks.md", help="where to write (default: docs/benchmarks.md)"
    )
    return parser.parse_args()


def _subjects(recorded: Mapping[str, Recording]) -> dict[str, partial[measure.Sample]]:
    """Our functions, the baselines, and the programs that only make the same AWS calls, or none."""
    subjects = dict(recorded)
    for name, one in recorded.items():
        if name.startswith("fastapi_mangum "):
            continue
        bare = programs.baseline("bare", one.program.function, BENCH_CALLS=_calls_file(name, one))
        subjects[f"bare {name}"] = Recording(bare, one.event, one.exchanges, logged=0)
    like = recorded["GetClientToken"].program.function
    for name in ("empty", "floor"):
        subjects[name] = Recording(programs.baseline(name, like), {}, [], logged=0)
    return {name: partial(measure.run, one, invocations=_INVOCATIONS) for name, one in subjects.items()}


def _calls_file(name: str, recording: Recording) -> str:
    """A file with the AWS calls of a recording, for the baseline that only makes these calls."""
    _CALLS.mkdir(parents=True, exist_ok=True)
    file = _CALLS / f"{name}.json"
    calls = [
        {"service": call.service, "operation": call.operation, "request": call.asked()} for call in recording.exchanges
    ]
    file.write_text(json.dumps(calls), encoding="utf-8")
    return str(file)


def _grown(groups: list[Group], rounds: int) -> list[tuple[Group, dict[str, Spread]]]:
    subjects = {group.name: partial(measure.compare, group.cases) for group in groups}
    found = interleaved(subjects, rounds, _say)
    return [
        (group, {label: Spread.of(one[label] for one in found[group.name]) for label in group.cases})
        for group in groups
    ]


def _introduction(about: list[tuple[str, str]], rounds: int) -> str:
    told = "\n".join(f"- {name}: {value}" for name, value in about)
    return f"""\
`make bench` measured these figures and wrote this page.

{told}

Each function runs as in Lambda, on the built artifact (compiled for this machine's architecture):
`Chat` under our runtime client, which streams, and everything else under Lambda's. A recording
stands in for AWS and responds immediately. Each figure is the median of {rounds} runs, with the minimum
and the maximum. Each run is a separate process, and the functions take turns. Machines differ, and
this one may have been busy, so trust the ratios, which compare runs of the same round. All CPU
times exclude the time that an empty function takes.

The functions are compared with three baselines in `infra/tools/bench/baselines`. `floor` creates a
DynamoDB client and does nothing. `bare` makes the same AWS calls as the function and does nothing
else. `fastapi_mangum` is what a team would otherwise write: FastAPI behind Mangum, with pydantic
and boto3. "At most" marks a limit that we set for ourselves; a figure above its limit is marked
**more than**, and `make bench` fails."""


def _print(sections: list[Section]) -> None:
    for section in sections:
        print(f"\n{section.title}\n")
        for table in section.tables:
            print(f"{tables.plain(table)}\n")


def _say(text: str) -> None:
    print(f"{time.monotonic() - _began:5.0f} s  {text}", flush=True)


if __name__ == "__main__":
    main()
