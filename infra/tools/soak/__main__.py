"""`make soak`: sixteen callers use a local stack of its own, each of its operations. In the end nothing is lost, and
memory has not grown.
"""

from __future__ import annotations

import argparse
import itertools
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer

from infra.local import access
from infra.local.management import Management
from infra.local.template import ROOT
from infra.tools.soak import coverage, memory, model, reconciliation, report
from infra.tools.soak.callers import TOKENS, Caller, Session
from infra.tools.soak.history import ENDINGS
from infra.tools.soak.ledger import Ledger
from infra.tools.soak.memory import Snapshot

_CALLERS, _RETURNING, _BUSY_SESSIONS, _TIGHT_LIMIT = 16, 4, 4, 20
_SECONDS = 120
# Processes that have started by then have handled events of every kind when the warm-up ends. Later ones are not
# reported. A useful figure for memory takes at least half a minute after the warm-up.
_SETTLED_SECONDS, _WARM_UP_SECONDS, _TELLING_SECONDS = 20, 40, 70
_PROGRESS_SECONDS = 10
_START_SECONDS, _STOP_SECONDS = 60, 15
_TALLY_SECONDS = 30
_PAGE = 200
_LOG = ROOT / ".local/soak.log"


class Soak:
    """One run against the stack whose process is `pid`. `state`: the content of the stack's state file."""

    def __init__(self, pid: int, state: dict[str, str]) -> None:
        self.ledger = Ledger()
        self._pid = pid
        self._tenant = state["tenant"]
        self._management = Management(state["url"], state["apiKey"])
        self._planted = {token["id"] for token in self._tokens()}
        numbers = range(1, _CALLERS + 1)
        self._callers = [Caller(n, state["url"], state["apiKey"], state["flowId"], self.ledger) for n in numbers]
        self._dynamodb = boto3.client(
            "dynamodb",
            endpoint_url=state["awsEndpoint"],
            region_name=access.REGION,
            aws_access_key_id=access.CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=access.CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )
        (self._table,) = self._dynamodb.list_tables()["TableNames"]
        self._busy, self._tight = self._shared()

    def run(self, seconds: int) -> tuple[Snapshot | None, Snapshot]:
        """Runs it, and measures memory after the warm-up, if the run is long enough, and at the end."""
        began = time.monotonic()
        over = began + seconds
        settled: set[int] = set()
        warm: Snapshot | None = None
        threads = [threading.Thread(target=self._act, args=(one, over), daemon=True) for one in self._callers]
        for thread in threads:
            thread.start()
        for second in itertools.count(1):
            time.sleep(max(0, min(began + second, over) - time.monotonic()))
            if second == _SETTLED_SECONDS:
                settled = set(memory.processes(self._pid))
            if second == _WARM_UP_SECONDS and seconds >= _TELLING_SECONDS:
                warm = self._snapshot().of(settled)
            if second % _PROGRESS_SECONDS == 0 or second >= seconds:
                _say(f"{second:4} s  {self.ledger.requests} requests, {len(self.ledger.faults)} faults")
            if second >= seconds:
                break
        for thread in threads:
            thread.join()
        return warm, self._snapshot()

    def come_back(self, directory: Path) -> None:
        """Some visitors come back at once, and their conversations end in every way. Some answers wait for tools of the
        page. After memory is measured, because these functions start late, and the stack grows with each process.
        `directory`: whose `.local` has the stack's state file.
        """

        def each_way(caller: Caller) -> None:
            caller.manage()
            for ending in ENDINGS:
                caller.come_back(ending)
            caller.use_tools(model.FLOW)

        with model.serve(self._tenant, directory), ThreadPoolExecutor(_RETURNING) as pool:
            list(pool.map(each_way, self._callers[:_RETURNING]))

    def await_tallies(self) -> None:
        """Waits until all requests that callers counted are tallied, which takes the stack some seconds."""
        deadline, known = time.monotonic() + _TALLY_SECONDS, sum(one.total() for one in self.ledger.tallies.values())
        while self._tallied() < known and time.monotonic() < deadline:
            time.sleep(1)

    def _tallied(self) -> int:
        tallies = {"FilterExpression": "begins_with(sk, :hour)", "ExpressionAttributeValues": {":hour": {"S": "HOUR#"}}}
        return sum(int(reconciliation.counts(item).total()) for item in self._items(**tallies))

    def differences(self) -> list[str]:
        made = (token for token in self._tokens() if token["id"] not in self._planted)
        found = reconciliation.read(self._items(), made)
        return list(reconciliation.differences(self.ledger, found, {self._tight.conversation_id: _TIGHT_LIMIT}))

    def _act(self, caller: Caller, over: float) -> None:
        while time.monotonic() < over:
            caller.act(self._busy, self._tight)

    def _shared(self) -> tuple[list[Session], Session]:
        """Opens sessions that all callers share, and one whose token has a limit that is soon reached."""
        first = self._callers[0]
        wide, narrow = first.create(maxMessagesPerSession=1000), first.create(rateLimitPerHour=_TIGHT_LIMIT)
        first.lend()
        opened = [first.open(token) for token in [wide] * _BUSY_SESSIONS + [narrow] if token]
        if wide is None or narrow is None or None in opened:
            sys.exit(f"The stack refuses what the soak begins with: {self.ledger.faults}")
        *busy, tight = [session for session in opened if session]
        return busy, tight

    def _snapshot(self) -> Snapshot:
        items = self._dynamodb.describe_table(TableName=self._table)["Table"]["ItemCount"]
        return Snapshot(memory.processes(self._pid), items)

    def _items(self, **options: Any) -> Iterator[dict[str, Any]]:
        plain = TypeDeserializer().deserialize
        for page in self._dynamodb.get_paginator("scan").paginate(TableName=self._table, **options):
            yield from ({name: plain(value) for name, value in item.items()} for item in page["Items"])

    def _tokens(self) -> Iterator[dict[str, Any]]:
        for offset in itertools.count(step=_PAGE):
            page = self._management.ask("GET", f"{TOKENS}?limit={_PAGE}&offset={offset}")
            yield from page["clientTokens"]
            if not page["pagination"]["hasMore"]:
                return


def main() -> None:
    seconds = _options().seconds
    if not sys.platform.startswith("linux"):
        sys.exit("Only Linux tells how much memory another process has.")
    access.isolate()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Ended before its time."))
    with tempfile.TemporaryDirectory() as directory, _stack(Path(directory)) as (pid, state):
        soak = Soak(pid, state)
        warm, end = soak.run(seconds)
        soak.come_back(Path(directory))
        soak.await_tallies()
        faults = soak.ledger.faults + soak.differences() + coverage.faults(soak.ledger)
    if warm:
        faults += memory.faults(pid, warm, end)
    for table in report.tables(soak.ledger, memory.compare(warm, end) if warm else ()):
        _say(f"\n{table}")
    for line in report.verdict(soak.ledger, faults, has_memory=warm is not None):
        _say(line)
    if faults:
        sys.exit(f"{len(faults)} faults. The stack's output is in {_LOG}.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.tools.soak", description="Sixteen callers at a local stack.")
    parser.add_argument("--seconds", type=int, default=_SECONDS, help=f"for how long (default: {_SECONDS})")
    return parser.parse_args()


@contextmanager
def _stack(directory: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """A stack's process, and its state. The process ends with this block, even if an error is raised."""
    _LOG.parent.mkdir(exist_ok=True)
    state = directory / ".local/stack.json"
    command = [sys.executable, "-m", "infra.local", "--port", "0", "--directory", str(state.parent)]
    # All callers are of one tenant, and together write more often than the default limit allows.
    command += ["--parameter", "ManagementWritesPerMinute=60000", "--parameter", "ManagementListsPerMinute=60000"]
    with _LOG.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)  # noqa: S603 - our own
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not (state.is_file() and state.stat().st_size):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"The local stack did not start. Its output is in {_LOG}.")
            time.sleep(0.1)
        yield process.pid, json.loads(state.read_text(encoding="utf-8"))
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        finally:
            process.kill()


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
