"""One run of a program in a fresh process: the cost of its start, its first invocation, and later ones."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from infra.local.environment import Environment
from infra.tools.bench.aws import Aws, Replayer
from infra.tools.bench.programs import Program
from infra.tools.bench.world import Recording

# How Python reports an import under -X importtime, and how long to wait for such lines.
_IMPORTED = re.compile(r"import time: +\d+ \| +\d+ \| +(\S+)")
_LINES_SECONDS = 0.3
# Minimum milliseconds for which a case is measured.
_ENOUGH = 100


@dataclass(frozen=True, slots=True)
class Sample:
    """Milliseconds of CPU, or of wall time where the name says so. `warm`: one invocation. `peak`: MB of memory."""

    start: float
    start_wall: float
    first: float
    first_wall: float
    warm: float
    peak: float


def run(recording: Recording, *, invocations: int) -> Sample:
    """Runs it under Lambda's runtime client, with an AWS that replays the recorded responses without delay."""
    replayer = Replayer(recording.exchanges)
    with Aws(replayer.ask) as aws:
        began = time.perf_counter()
        with running(recording.program, aws) as environment:
            environment.start_up()
            started, start = time.perf_counter(), cpu(environment.pid)
            _invoke(environment, recording)
            answered, first = time.perf_counter(), cpu(environment.pid)
            for _ in range(invocations):
                _invoke(environment, recording)
            sample = Sample(
                start=start,
                start_wall=(started - began) * 1000,
                first=first - start,
                first_wall=(answered - started) * 1000,
                warm=(cpu(environment.pid) - first) / invocations,
                peak=_peak(environment.pid),
            )
    replayer.require_all(1 + invocations)
    return sample


def late_imports(recording: Recording) -> list[str]:
    """The modules that a function loads only with its first event."""
    function = recording.program.function
    telling = replace(function, environment={**function.environment, "PYTHONPROFILEIMPORTTIME": "1"})
    program, lines = replace(recording.program, function=telling), list[str]()
    with Aws(Replayer(recording.exchanges).ask) as aws, running(program, aws, lines.append) as environment:
        environment.start_up()
        time.sleep(_LINES_SECONDS)
        lines.clear()
        _invoke(environment, recording)
        time.sleep(_LINES_SECONDS)
    return [found[1] for line in lines if (found := _IMPORTED.fullmatch(line))]


def compare(cases: Mapping[str, Recording]) -> dict[str, float]:
    """Milliseconds of CPU per invocation for each case of a function, all in one fresh process."""
    found = {}
    program = next(iter(cases.values())).program
    with Aws(Replayer(()).ask) as aws, running(program, aws) as environment:
        environment.start_up()
        for label, case in cases.items():
            aws.ask = Replayer(case.exchanges).ask
            found[label] = _invocations(environment, case, 1)
            # Quick cases are repeated. Their first invocation is dropped, because it may have loaded something.
            if count := min(20, int(_ENOUGH / found[label])):
                found[label] = _invocations(environment, case, count)
    return found


def _ignore(_line: str) -> None:
    """Discards the logs, which were counted when the calls were recorded."""


@contextmanager
def running(program: Program, aws: Aws, log: Callable[[str], None] = _ignore) -> Iterator[Environment]:
    """A new process of a program, until the end of a `with`."""
    environment = program.start(aws.endpoint, log)
    try:
        yield environment
    finally:
        environment.stop()


def _invocations(environment: Environment, case: Recording, count: int) -> float:
    """Milliseconds of CPU per invocation, averaged over `count`."""
    before = cpu(environment.pid)
    for _ in range(count):
        _invoke(environment, case)
    return (cpu(environment.pid) - before) / count


def _invoke(environment: Environment, recording: Recording) -> None:
    """Takes the whole response, in one piece or as it is streamed."""
    for _ in environment.stream(recording.event, recording.program.function.timeout):
        pass


def cpu(pid: int) -> float:
    """Milliseconds of CPU that all threads of a process have used; the clock is what clock_getcpuclockid(3) names."""
    return time.clock_gettime_ns(~pid << 3 | 2) / 1e6


def _peak(pid: int) -> float:
    """Peak memory of the process itself; ru_maxrss would include that of the parent from which it was forked."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    if found is None:
        raise RuntimeError("this system does not tell how much memory a process has used")
    return int(found[1]) / 1024
