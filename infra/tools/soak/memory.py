"""How much memory the stack's processes use, and whether it grows while they repeat the same work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

_MB = 1024 * 1024
_PAGE = 4096
# From the end of the warm-up on. A function keeps nothing between events. It still grows by about 0.2 MB, as measured,
# which Python's allocator keeps for an event that is larger than those before. The busiest processes
# serve more than a hundred events in between, so a leak of 10 KB per event shows.
GROWTH_MB = 1.0
# The stack's own process is also the database: moto keeps every item as Python objects of about 6 KB. Items also grow
# while they are there: with twice as many requests as usual, all growth was 10.4 KB for each new item.
STACK_GROWTH_KB_AN_ITEM = 12.0


@dataclass(frozen=True, slots=True)
class Process:
    """`name`: a function's handler, or that of the stack. `mb`: resident memory."""

    name: str
    mb: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`processes`: by pid. `items`: the number of items in the database."""

    processes: Mapping[int, Process]
    items: int

    def of(self, pids: Collection[int]) -> Snapshot:
        """The snapshot of these processes only."""
        return replace(self, processes={pid: process for pid, process in self.processes.items() if pid in pids})


@dataclass(frozen=True, slots=True)
class Row:
    """Processes of one name: their memory in MB together, and the most by which one of them has grown."""

    name: str
    count: int
    before: float
    after: float
    most: float


def processes(stack: int) -> dict[int, Process]:
    """The stack's own process and all that it started, by pid."""
    children = defaultdict(list)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The part after the name, which may contain anything and ends with the last parenthesis.
            children[int((folder / "stat").read_text().rpartition(")")[2].split()[1])].append(int(folder.name))
        except OSError:
            continue
    found = {stack: "the stack, with the database"} | {child: _handler(child) for child in children[stack]}
    return {pid: Process(name, mb) for pid, name in found.items() if (mb := _resident(pid)) is not None}


def compare(before: Snapshot, after: Snapshot) -> list[Row]:
    """Compares the processes that ran throughout."""
    named = defaultdict(list)
    for pid in before.processes.keys() & after.processes.keys():
        named[before.processes[pid].name].append((before.processes[pid].mb, after.processes[pid].mb))
    return [
        Row(name, len(mb), sum(was for was, _ in mb), sum(now for _, now in mb), max(now - was for was, now in mb))
        for name, mb in sorted(named.items())
    ]


def faults(stack: int, before: Snapshot, after: Snapshot) -> Iterator[str]:
    """Sentences. `stack`: the pid of its own process."""
    data = max(0, after.items - before.items) * STACK_GROWTH_KB_AN_ITEM / 1024
    for pid, process in before.processes.items():
        if pid not in after.processes:
            yield f"{process.name}: process {pid} has ended by itself"
            continue
        grown = after.processes[pid].mb - process.mb
        limit = GROWTH_MB + (data if pid == stack else 0)
        if grown > limit:
            yield f"{process.name}: process {pid} has grown by {grown:.1f} MB, more than {limit:.1f} MB"


def _handler(pid: int) -> str:
    try:
        return (Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").rpartition(b"\0")[2]).decode()
    except OSError:
        return "ended"


def _resident(pid: int) -> float | None:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / _MB
    except OSError:
        return None
