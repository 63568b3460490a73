"""Streamed answers: when each word arrives, and what an answer takes, beside a handler that only passes words on."""

from __future__ import annotations

import json
import re
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from infra.local import loopback
from infra.tools.bench import measure, programs, workload
from infra.tools.bench.aws import Aws, Replayer
from infra.tools.bench.chart import Bar, Chart
from infra.tools.bench.figures import Spread
from infra.tools.bench.report import Section, cell, ratio, with_limit
from infra.tools.bench.world import Recording, World
from infra.tools.tables import Table

_WORDS = 20
# Longer than events with text are apart, so each word has its own.
_PAUSE_SECONDS = 0.06
_INVOCATIONS = 3
_CPU_TO_BARE = 1.15
_FLOW = "flow_words"
_WORD = re.compile(rb'"delta": ?"word(\d+) "')


class Words(loopback.Server):
    """A target that speaks chat completions. `sent`: when it sent each word of the last answer."""

    def __init__(self) -> None:
        self.sent: dict[int, float] = {}
        super().__init__(_Handler)

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Handler(loopback.Handler):
    server: Words

    def do_POST(self) -> None:  # noqa: N802 - http.server's name for it
        self.body()
        self.server.sent.clear()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(_WORDS):
            if number:
                time.sleep(_PAUSE_SECONDS)
            self.server.sent[number] = time.perf_counter()
            self._send({"choices": [{"index": 0, "delta": {"content": f"word{number} "}, "finish_reason": None}]})
        self._send({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _send(self, event: Mapping[str, Any]) -> None:
        self._chunk(b"data: " + json.dumps(event).encode() + b"\n\n")

    def _chunk(self, part: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
        self.wfile.flush()


@dataclass(frozen=True, slots=True)
class Streamed:
    """Milliseconds, of the median answer of one process: until the first word, from a word's sending to its arrival,
    and of CPU per answer.
    """

    first: float
    delay: float
    cpu: float


def record(world: World, words: Words) -> Recording:
    """A message in a running conversation, whose target streams."""
    # Late, because the clients in it read the region from the environment when they are imported.
    from infra.local import seed  # noqa: PLC0415
    from shared.rules.target import Target  # noqa: PLC0415
    from shared.store import targets  # noqa: PLC0415

    settings = {"base_url": f"http://{words.address}/v1", "model": "words"}
    targets.register(
        Target(id=_FLOW, tenant=seed.TENANT, kind="openai", settings=settings, created_at=datetime.now(UTC))
    )
    caller = world.caller()
    session_id = workload.open_session(caller, workload.create(caller, _FLOW)[1])
    for _ in range(2):
        workload.say(caller, session_id)
    return caller.recorded["Chat"]


def subjects(recording: Recording, words: Words, calls: str) -> dict[str, Recording]:
    """Chat, and a handler that makes the AWS calls in the file `calls` and passes the target's words on."""
    function = recording.program.function
    bare = programs.baseline(
        "bare",
        function,
        handler="stream",
        **{**function.environment, "BENCH_CALLS": calls, "BENCH_TARGET": words.address},
    )
    return {"Chat": recording, "bare": replace(recording, program=bare)}


def run(recording: Recording, words: Words) -> Streamed:
    """In a fresh process, whose first answer is not counted."""
    firsts, delays = [], []
    with (
        Aws(Replayer(recording.exchanges).ask) as aws,
        measure.running(recording.program, aws) as environment,
    ):
        environment.start_up()
        for number in range(1 + _INVOCATIONS):
            if number == 1:
                used = measure.cpu(environment.pid)
            began, arrived = time.perf_counter(), dict[int, float]()
            for part in environment.stream(recording.event, recording.program.function.timeout):
                now = time.perf_counter()
                arrived |= {int(found): now for found in _WORD.findall(part)}
            if arrived.keys() != words.sent.keys():
                raise RuntimeError(f"{len(arrived)} of {len(words.sent)} words arrived")
            if number:
                firsts.append(arrived[0] - began)
                delays += [arrived[word] - sent for word, sent in words.sent.items() if word]
        used = measure.cpu(environment.pid) - used
    return Streamed(statistics.median(firsts) * 1000, statistics.median(delays) * 1000, used / _INVOCATIONS)


def section(found: Mapping[str, list[Streamed]]) -> Section:
    """`found`: one per round, of each subject."""
    cpu = Spread.of(ours.cpu / bare.cpu for ours, bare in zip(found["Chat"], found["bare"], strict=True))
    rows = [
        [
            name,
            cell(Spread.of(one.first for one in those)),
            cell(Spread.of(one.delay for one in those)),
            cell(Spread.of(one.cpu for one in those)),
            with_limit(ratio(cpu), cpu, _CPU_TO_BARE) if name == "Chat" else "",
        ]
        for name, those in found.items()
    ]
    kinds = {"Chat": "ours", "bare": "bare"}
    bars = [Bar(name, Spread.of(one.delay for one in those), kinds[name]) for name, those in found.items()]
    return Section(
        "Streaming",
        f"An answer of {_WORDS} words, which the target sends {_PAUSE_SECONDS * 1000:g} ms apart. `bare` makes the "
        "same AWS calls through boto3 and passes each word on as it arrives, under the same runtime client. The first "
        "word counts from the event, with AWS and the target responding immediately. Every other word counts from the "
        "moment in which the target sends it.",
        [Chart("streaming", "Delay of a word", "ms", bars)],
        [Table(["answer", "first word, ms", "each word, ms later", "CPU, ms", "ratio to bare"], rows)],
    )
