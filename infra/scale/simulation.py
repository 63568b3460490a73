"""Requests meeting limits, in simulated time: who is answered, who is refused, and by what."""

from __future__ import annotations

import heapq
import zlib
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random

from infra.scale import limits
from infra.scale.operations import Call, Operations

_STARTS_AT = 56.0
"""Seconds into a minute: the next minute, in which each token's use is noted again, begins while we measure."""
_WARMS_UP_SECONDS = 3.0
_MEASURED_SECONDS = 3.0
_PAUSE_SECONDS = 0.02
_COUNTING_ATTEMPTS = 20
_SECONDS = {"BatchGetItem": limits.READ_SECONDS, "UpdateItem": limits.WRITE_SECONDS}
# Kinds of keys that many requests share. All others belong to one visitor, who alone cannot heat a partition.
_SHARED = {"TOKEN", "USAGE", "TARGET"}

Steps = Generator[float, None, str]
"""Gives the seconds until its next step; returns what became of the request."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A deployment. `partitions`: how many the table has, None where each busy key has come to have its own."""

    operations: Operations
    throttle: int = limits.STAGE_REQUESTS.value
    account_throttle: int = limits.ACCOUNT_REQUESTS.value
    concurrency: int = limits.CONCURRENCY.value
    partitions: int | None = None
    token_copies: int = 1
    # What a firewall lets through for the busy token, each second; 0: there is none.
    firewall: int = 0


@dataclass(frozen=True, slots=True)
class Crowd:
    """Visitors who say `rate` things a second, on tokens drawn by weight 1/rank from `tokens`, in visits of `visit`."""

    name: str
    rate: float
    tokens: range
    visit: int = 5


@dataclass(slots=True)
class Outcome:
    """Of each crowd's messages that arrived while we measured. `late`: refused when the target had answered already."""

    messages: Counter[tuple[str, str]] = field(default_factory=Counter)
    late: int = 0
    uncounted: int = 0
    heat: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))

    def share(self, crowd: str, what: str = "answered") -> float:
        total = sum(number for (name, _), number in self.messages.items() if name == crowd)
        return self.messages[crowd, what] / total

    def refusals(self, crowd: str) -> list[tuple[str, float]]:
        """What refused them, and which share; the most frequent first."""
        ways = {what for name, what in self.messages if name == crowd} - {"answered"}
        return sorted(((way, self.share(crowd, way)) for way in ways), key=lambda way: -way[1])


class _Bucket:
    """Lets `rate` units a second through, and `burst` at once."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst, self._left, self._at = rate, burst, burst, 0.0

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
        self._random = Random(20_261_124)  # noqa: S311 - the same numbers every time are what we want
        self._now = _STARTS_AT
        self._outcome = Outcome()
        self._at_work = 0
        rates = {"reads": limits.PARTITION_READS.value, "writes": limits.PARTITION_WRITES.value}
        # No more than a second's worth at once: what a partition saved in quiet minutes is soon spent.
        self._partitions = {
            kind: defaultdict[str, _Bucket](lambda rate=rate: _Bucket(rate, rate)) for kind, rate in rates.items()
        }
        self._methods = defaultdict[str, _Bucket](
            lambda: _Bucket(setting.throttle, setting.throttle / limits.STAGE_REQUESTS.value * limits.STAGE_BURST.value)
        )
        self._account = _Bucket(
            setting.account_throttle,
            setting.account_throttle / limits.ACCOUNT_REQUESTS.value * limits.ACCOUNT_BURST.value,
        )
        self._firewall = _Bucket(setting.firewall, setting.firewall)
        self._locked_until = defaultdict[int, float](float)
        self._noted = defaultdict[int, float](lambda: _STARTS_AT // 60)

    def run(self, crowds: tuple[Crowd, ...]) -> Outcome:
        number = count()
        ahead = [(at, next(number), steps) for crowd in crowds for at, steps in self._arrivals(crowd)]
        heapq.heapify(ahead)
        while ahead:
            self._now, _, steps = heapq.heappop(ahead)
            try:
                wait = next(steps)
            except StopIteration:
                continue
            heapq.heappush(ahead, (self._now + wait, next(number), steps))
        return self._outcome

    def _arrivals(self, crowd: Crowd) -> Iterator[tuple[float, Generator[float]]]:
        messages = int(crowd.rate * (_WARMS_UP_SECONDS + _MEASURED_SECONDS))
        weights = [1 / rank for rank in range(1, len(crowd.tokens) + 1)]
        for place, token in enumerate(self._random.choices(crowd.tokens, weights, k=messages)):
            at = _STARTS_AT + (place + self._random.random()) / crowd.rate
            if self._random.random() < 1 / crowd.visit:
                yield at, self._request(crowd, token, "chat, first message")
                yield at, self._request(crowd, token, "init")
            else:
                yield at, self._request(crowd, token, "chat, next message")

    def _request(self, crowd: Crowd, token: int, operation: str) -> Generator[float]:
        is_measured = self._now >= _STARTS_AT + _WARMS_UP_SECONDS
        yield 0
        is_measured = self._now >= _STARTS_AT + _WARMS_UP_SECONDS
        outcome = yield from self._through_the_gateway(token, operation)
        if is_measured and operation != "init":
            self._outcome.messages[crowd.name, outcome] += 1

    def _through_the_gateway(self, token: int, operation: str) -> Steps:
        raise AssertionError
