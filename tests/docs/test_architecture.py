"""The figures in docs/architecture.md match the code."""

import re
from datetime import UTC, datetime

from infra.local.template import ROOT
from infra.tools.scale import operations
from shared.rules import rate_limit
from shared.rules.rate_limit import Window

PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


def _rows(section):
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    rows = [row.strip("| ").split(" | ") for row in text.splitlines() if row.startswith("| ")]
    return [row for row in rows[1:] if not row[0].startswith("---")]


def test_page_lists_every_room_of_shared():
    listing = PAGE.partition("\n## Rooms\n")[2].partition("\n## ")[0]
    rooms = {path.stem for path in (ROOT / "shared").iterdir() if not path.name.startswith("__")}
    assert {room for room in rooms if not re.search(rf"\b{room}\b", listing)} == set()


def test_worked_example_of_the_sliding_window_is_correct():
    window, counters = Window("m", 60, 10), {}
    rows = _rows("The sliding window")
    assert len(rows) >= 4
    for time, attempts, counted, result in rows:
        at = datetime.fromisoformat(f"2027-01-31T{time}").replace(tzinfo=UTC).timestamp()
        for _ in range(int(attempts)):
            name = rate_limit.counter_name(window, at)
            counters[name] = counters.get(name, 0) + 1
            status = rate_limit.evaluate((window,), counters, at)
        valid = [end for end in rate_limit._ends(window, counters) if end[1] > at]
        assert sum(counters[name] for name, _ in valid) == int(counted)
        wait = re.search(r"`Retry-After: (\d+)`", result)
        assert status.retry_after == (int(wait[1]) if wait else 0)


def test_costs_of_requests_are_those_recorded():
    recorded = operations.recorded()
    rows = _rows("What a request costs")
    assert len(rows) >= len(recorded) - 1
    for request, calls, reads, writes in rows:
        parts = operations.parts(recorded[re.search(r"`(.+)`", request)[1]])
        assert int(calls) == len(recorded[re.search(r"`(.+)`", request)[1]])
        assert float(reads) == sum(part.reads for part in parts)
        assert float(writes) == sum(part.writes + part.index_writes for part in parts)
