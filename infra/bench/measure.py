"""One run of a program in a fresh process: what its start takes, its first invocation, and those that follow."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from infra.bench.aws import Aws, Replayer
from infra.bench.world import Recording
from infra.local.environment import Environment

# As Python tells of an import that it was asked to time, and how long such lines may be on their way.
_IMPORTED = re.compile(r"import time: +\d+ \| +\d+ \| +(\S+)")
_LINES_SECONDS = 0.3
# Milliseconds for which a case is measured, if it is over sooner.
_ENOUGH = 100


@dataclass(frozen=True, slots=True)
class Sample:
    """Milliseconds, of CPU unless it says wall; `warm`: of one invocation. `peak`: MB of memory, before it ends."""

    start: float
    start_wall: float
    first: float
    first_wall: float
    warm: float
    peak: float


def run(recording: Recording, *, invocations: int) -> Sample:
    """Under Lambda's runtime client, with an AWS that answers at once what it answered when that was recorded."""
    program, timeout = recording.program, recording.program.function.timeout
    with Aws(Replayer(recording.exchanges).ask) as aws:
        began = time.perf_counter()
        environment = program.start(aws.endpoint, _ignore)
        try:
            environment.start_up()
            started, start = time.perf_counter(), _cpu(environment.pid)
            environment.invoke(recording.event, timeout)
            answered, first = time.perf_counter(), _cpu(environment.pid)
            for _ in range(invocations):
                environment.invoke(recording.event, timeout)
            warm = _cpu(environment.pid)
            peak = _peak(environment.pid)
        finally:
            environment.stop()
    return Sample(
        start=start,
        start_wall=(started - began) * 1000,
        first=first - start,
        first_wall=(answered - started) * 1000,
        warm=(warm - first) / invocations,
        peak=peak,
    )


def late_imports(recording: Recording) -> list[str]:
    """The modules that a function loads only with its first event."""
    function = recording.program.function
    telling = replace(function, environment={**function.environment, "PYTHONPROFILEIMPORTTIME": "1"})
    lines: list[str] = []
    with Aws(Replayer(recording.exchanges).ask) as aws:
        environment = replace(recording.program, function=telling).start(aws.endpoint, lines.append)
        try:
            environment.start_up()
            time.sleep(_LINES_SECONDS)
            lines.clear()
            environment.invoke(recording.event, function.timeout)
            time.sleep(_LINES_SECONDS)
        finally:
            environment.stop()
    return [found[1] for line in lines if (found := _IMPORTED.fullmatch(line))]


def compare(cases: Mapping[str, Recording]) -> dict[str, float]:
    """Milliseconds of CPU of one invocation in each case of a function, all of them in one fresh process."""
    found = {}
    program = next(iter(cases.values())).program
    with Aws(Replayer(()).ask) as aws:
        environment = program.start(aws.endpoint, _ignore)
        try:
            for label, case in cases.items():
                aws.ask = Replayer(case.exchanges).ask
                found[label] = _invocations(environment, case, 1)
                # Quick ones are repeated, and then the first counts no more, which may have loaded something.
                if count := min(20, int(_ENOUGH / found[label])):
                    found[label] = _invocations(environment, case, count)
        finally:
            environment.stop()
    return found


def _invocations(environment: Environment, case: Recording, count: int) -> float:
    """Milliseconds of CPU of one of so many."""
    environment.start_up()
    before = _cpu(environment.pid)
    for _ in range(count):
        environment.invoke(case.event, case.program.function.timeout)
    return (_cpu(environment.pid) - before) / count


def _ignore(_line: str) -> None:
    """What it logs was counted when it was recorded."""


def _cpu(pid: int) -> float:
    """Milliseconds of CPU that all threads of a process have used; the clock is what clock_getcpuclockid(3) names."""
    return time.clock_gettime_ns(~pid << 3 | 2) / 1e6


def _peak(pid: int) -> float:
    """Of the process's own memory; ru_maxrss would also know that of the parent from which it was forked."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    if found is None:
        raise RuntimeError("this system does not tell how much memory a process has used")
    return int(found[1]) / 1024
