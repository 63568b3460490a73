"""The soak's verdict on memory, and that it finds the processes to measure."""

import os
import subprocess
import sys

import pytest

from infra.tools.soak import memory
from infra.tools.soak.memory import Process, Snapshot

STACK, CHAT, OTHER_CHAT = 1, 2, 3
BEFORE = Snapshot({STACK: Process("stack", 100), CHAT: Process("chat", 40), OTHER_CHAT: Process("chat", 41)}, 500)


def after(items=500, **mb):
    sizes = {"stack": 100, "chat": 40, "other": 41} | mb
    pids = {"stack": STACK, "chat": CHAT, "other": OTHER_CHAT}
    return Snapshot({pids[name]: Process(name, size) for name, size in sizes.items() if size}, items)


def faults(now):
    return list(memory.faults(STACK, BEFORE, now))


def test_process_may_grow_within_the_tolerance():
    assert faults(after(chat=40 + memory.GROWTH_MB)) == []
    assert faults(after(chat=42.5)) == ["chat: process 2 has grown by 2.5 MB, more than 1.0 MB"]


def test_stack_may_grow_with_its_items():
    grown = after(stack=110)
    assert faults(grown) == ["stack: process 1 has grown by 10.0 MB, more than 1.0 MB"]
    assert faults(after(items=1500, stack=110)) == []


def test_late_processes_are_not_reported():
    early = BEFORE.of({STACK, OTHER_CHAT})
    assert list(memory.faults(STACK, early, after(chat=60))) == []


def test_ended_process_is_a_fault():
    assert faults(after(other=None)) == ["chat: process 3 has ended by itself"]


def test_rows_cover_only_processes_that_ran_throughout():
    now = after(chat=41, other=43)
    late = Snapshot(now.processes | {9: Process("late", 10)}, 500)
    rows = memory.compare(BEFORE, late)
    assert [(row.name, row.count, row.before, row.after, row.most) for row in rows] == [
        ("chat", 2, 81, 84, 2),
        ("stack", 1, 100, 100, 0),
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")
def test_child_processes_are_measured():
    child = subprocess.Popen([sys.executable, "-c", "input()", "management.handler"], stdin=subprocess.PIPE)
    try:
        found = memory.processes(os.getpid())
    finally:
        child.communicate(b"\n")
    assert found[os.getpid()].mb > 10
    assert found[child.pid].name == "management.handler"
    assert found[child.pid].mb > 0
