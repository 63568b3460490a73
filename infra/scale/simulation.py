"""Requests meeting limits, in simulated time: who is answered, who is refused, and by what."""

from __future__ import annotations

import heapq
import zlib
from collections import defaultdict
from collections.abc import Generator, Iterator
from itertools import count
from random import Random

from infra.scale import limits
from infra.scale.load import Crowd, Outcome, Setting
from infra.scale.operations import Call, Part

# The token that a firewall looks at, if there is one.
_BUSY = 0
# Seconds into a minute: the next one, in which each token's use is noted anew, begins in the second that we measure.
_STARTS_AT = 58.3
_MEASURES_FROM = 59.5
_ENDS_AT = 60.5
# Keys that many requests share. All others are one visitor's, who cannot heat a partition alone.
_SHARED = {"TOKEN", "USAGE", "TARGET"}
_TOKENS_OF_A_TARGET = 10
# As shared/store has it.
_COUNTING_ATTEMPTS = 20
_PAUSE_SECONDS = 0.02

Steps = Generator[float, None, str]
"""Gives the seconds to its next step; returns what refused it, or nothing."""


class _Bucket:
    """Lets `rate` units a second through, and `burst` at once where it has had the time to save them."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst, self._left, self._at = rate, burst, 0.0, _STARTS_AT

    def has(self, units: float, at: float) -> bool:
        self._left = min(self._burst, self._left + (at - self._at) * self._rate)
        self._at = at
        return self._left >= units

    def take(self, units: float) -> None:
        self._left -= units


def run(setting: Setting, *crowds: Crowd) -> Outcome:
    """The same for the same arguments, always."""
    return _World(setting).run(crowds)


class _World:
    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._random = Random(20261124)  # noqa: S311 - the same numbers every time are what we want
        self._now = _STARTS_AT
        self._outcome = Outcome()
        self._at_work = 0
        # One second's worth at once: what a partition has saved in quiet minutes is soon spent.
        self._partitions = {
            "reads": defaultdict[str, _Bucket](lambda: _even(limits.PARTITION_READS.value)),
            "writes": defaultdict[str, _Bucket](lambda: _even(limits.PARTITION_WRITES.value)),
        }
        burst = limits.STAGE_BURST.value / limits.STAGE_REQUESTS.value
        self._methods = defaultdict[str, _Bucket](lambda: _Bucket(setting.throttle, setting.throttle * burst))
        burst = limits.ACCOUNT_BURST.value / limits.ACCOUNT_REQUESTS.value
        self._account = _Bucket(setting.account_throttle, setting.account_throttle * burst)
        self._firewall = _even(setting.firewall)
        self._locked_until = defaultdict[int, float](float)
        self._noted = defaultdict[int, float](lambda: _STARTS_AT // 60)

    def run(self, crowds: tuple[Crowd, ...]) -> Outcome:
        number = count()
        ahead = [(at, next(number), steps) for crowd in crowds for at, steps in self._arrivals(crowd)]
        heapq.heapify(ahead)
        while ahead:
            self._now, _, steps = heapq.heappop(ahead)
            wait = next(steps, None)
            if wait is not None:
                heapq.heappush(ahead, (self._now + wait, next(number), steps))
        return self._outcome

    def _arrivals(self, crowd: Crowd) -> Iterator[tuple[float, Iterator[float]]]:
        weights = [1 / rank for rank in range(1, len(crowd.tokens) + 1)]
        messages = int(crowd.rate * (_ENDS_AT - _STARTS_AT))
        for place, token in enumerate(self._random.choices(crowd.tokens, weights, k=messages)):
            at = _STARTS_AT + (place + self._random.random()) / crowd.rate
            is_first = self._random.random() < 1 / crowd.visit
            yield at, self._message(crowd, token, "chat, first message" if is_first else "chat, next message")
            if is_first:
                yield at, self._served(token, "init")

    def _message(self, crowd: Crowd, token: int, operation: str) -> Iterator[float]:
        is_measured = self._is_measured()
        refused = yield from self._served(token, operation)
        if is_measured:
            self._outcome.messages[crowd, refused] += 1

    def _served(self, token: int, operation: str) -> Steps:
        method = operation.partition(",")[0]
        if self._setting.firewall and token == _BUSY and not self._passes(self._firewall):
            return "403 firewall"
        if not self._passes(self._methods[method]):
            return "429 stage throttle"
        if not self._passes(self._account):
            return "429 account throttle"
        if self._at_work >= self._setting.concurrency:
            return "500 no function free"
        self._at_work += 1
        refused = yield from self._worked(token, operation)
        self._at_work -= 1
        return refused

    def _passes(self, bucket: _Bucket) -> bool:
        passes = bucket.has(1, self._now)
        if passes:
            bucket.take(1)
        return passes

    def _worked(self, token: int, operation: str) -> Steps:
        if operation != "chat, first message" and self._noted[token] < self._now // 60:
            operation = f"{operation.partition(',')[0]}, use noted"
        calls = self._setting.operations[operation]
        ending = len(calls) - 1 if operation.startswith("chat") else None
        for place, call in enumerate(calls):
            if place == ending:
                yield limits.TARGET_SECONDS
            refused = yield from self._called(token, call, counts="first" in operation)
            if refused:
                self._outcome.lost += place == ending and self._is_measured()
                return refused
        return ""

    def _called(self, token: int, call: Call, *, counts: bool) -> Steps:
        """A transaction that meets another one over a token's use is tried again without, and counts it afterwards."""
        if call.name != "TransactWriteItems" or not call.notes_use:
            yield limits.SECONDS[call.name]
            refused = self._spent(token, call)
            if refused and call.only("USAGE") == call:
                # A number is wrong, and nobody is refused for that.
                self._miscounted()
                return ""
            return refused
        if self._is_locked(token):
            yield limits.SECONDS[call.name] + self._pause()
            refused = yield from self._called(token, call.without("USAGE"), counts=False)
            if counts and not refused:
                yield from self._counted_apart(token, call.only("USAGE"))
            return refused
        self._lock(token)
        yield limits.SECONDS[call.name]
        return self._spent(token, call)

    def _counted_apart(self, token: int, call: Call) -> Iterator[float]:
        for _ in range(_COUNTING_ATTEMPTS):
            if not self._is_locked(token):
                self._lock(token)
                yield limits.SECONDS[call.name]
                if self._spent(token, call):
                    break
                return
            yield limits.SECONDS[call.name] + self._pause()
        self._miscounted()

    def _miscounted(self) -> None:
        self._outcome.uncounted += self._is_measured()

    def _is_measured(self) -> bool:
        return _MEASURES_FROM <= self._now < _ENDS_AT

    def _is_locked(self, token: int) -> bool:
        return self._locked_until[token] > self._now

    def _lock(self, token: int) -> None:
        self._locked_until[token] = self._now + limits.SECONDS["TransactWriteItems"]

    def _pause(self) -> float:
        return self._random.uniform(0, _PAUSE_SECONDS)

    def _spent(self, token: int, call: Call) -> str:
        """What refused the call, and then nothing of it is spent."""
        bills = [bill for part in call.parts for bill in self._bills(token, part)]
        for kind, partition, units in bills:
            if not self._partitions[kind][partition].has(units, self._now):
                return f"503 {partition.split('#')[0]}, {kind}"
        for kind, partition, units in bills:
            self._partitions[kind][partition].take(units)
            if self._is_measured():
                self._outcome.heat[kind, partition] += units
        if call.notes_use:
            self._noted[token] = self._now // 60
        return ""

    def _bills(self, token: int, part: Part) -> Iterator[tuple[str, str, float]]:
        """Kind of unit, partition, units."""
        if part.entries:
            yield "writes", self._partition("index", part.listed, token), part.entries
        owner = token // _TOKENS_OF_A_TARGET if part.partition == "TARGET" else token
        if part.partition not in _SHARED:
            if self._setting.partitions is None:
                return
            # A visitor's own keys lie anywhere.
            owner = self._random.randrange(1_000_000)
        partition = self._partition("table", part.partition, owner)
        if part.writes:
            yield "writes", partition, part.writes
        elif part.partition == "TOKEN":
            yield "reads", partition, part.reads / self._setting.token_copies
        else:
            yield "reads", partition, part.reads

    def _partition(self, where: str, kind: str, owner: int) -> str:
        if self._setting.partitions is None:
            return f"{kind} in the {where}#{owner}"
        return f"{where}#{zlib.crc32(f'{kind}#{owner}'.encode()) % self._setting.partitions}"


def _even(rate: float) -> _Bucket:
    return _Bucket(rate, rate)
