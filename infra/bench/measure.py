"""One run of a program in a fresh process: what its start takes, its first invocation, and those that follow."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.bench.aws import Exchange, Aws, Replayer
from infra.bench.programs import Program


@dataclass(frozen=True, slots=True)
class Sample:
    """Milliseconds, of CPU unless it says wall; `warm`: of one invocation. `peak`: MB of memory, before it ends."""

    start: float
    start_wall: float
    first: float
    first_wall: float
    warm: float
    warm_wall: float
    peak: float


def run(program: Program, event: dict[str, Any], exchanges: Iterable[Exchange], *, invocations: int) -> Sample:
    """Under Lambda's runtime client, with an AWS that answers at once what it answered when that was recorded."""
    timeout = program.function.timeout
    with Aws(Replayer(exchanges).ask) as aws:
        began = time.perf_counter()
        environment = program.start(aws.endpoint, _ignore)
        try:
            environment.start_up()
            started, start = time.perf_counter(), _cpu(environment.pid)
            environment.invoke(event, timeout)
            answered, first = time.perf_counter(), _cpu(environment.pid)
            for _ in range(invocations):
                environment.invoke(event, timeout)
            ended, warm = time.perf_counter(), _cpu(environment.pid)
            peak = _peak(environment.pid)
        finally:
            environment.stop()
    return Sample(
        start=start,
        start_wall=(started - began) * 1000,
        first=first - start,
        first_wall=(answered - started) * 1000,
        warm=(warm - first) / invocations,
        warm_wall=(ended - answered) * 1000 / invocations,
        peak=peak,
    )


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
