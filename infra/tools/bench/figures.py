"""Summaries of many runs: median and range, and differences and ratios computed per run."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeVar

from infra.tools.bench.measure import Sample

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spread:
    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        values = list(values)
        return cls(statistics.median(values), min(values), max(values))


def interleaved(subjects: Mapping[str, Callable[[], T]], rounds: int, say: Callable[[str], None]) -> dict[str, list[T]]:
    """Measures each subject once per round, in a new random order, so that background load affects all alike."""
    shuffle = random.Random(rounds).shuffle  # noqa: S311 - no secret
    found: dict[str, list[T]] = {name: [] for name in subjects}
    for number in range(1, rounds + 1):
        order = list(subjects)
        shuffle(order)
        for name in order:
            found[name].append(subjects[name]())
        say(f"round {number} of {rounds}")
    return found


@dataclass(frozen=True, slots=True)
class Figures:
    """Samples by subject, one per round. CPU figures exclude the cost of the subject `empty`."""

    samples: Mapping[str, list[Sample]]

    def raw(self, name: str, what: str) -> Spread:
        """`what`: a field of Sample."""
        return Spread.of(map(attrgetter(what), self.samples[name]))

    def cpu(self, name: str, what: str) -> Spread:
        return Spread.of(self._cpu(name, what))

    def ratio(self, name: str, other: str, what: str) -> Spread:
        """Computed per round, so that background load affects both subjects alike."""
        pairs = zip(self._cpu(name, what), self._cpu(other, what), strict=True)
        return Spread.of(ours / theirs for ours, theirs in pairs)

    def _cpu(self, name: str, what: str) -> list[float]:
        get = attrgetter(what)
        pairs = zip(self.samples[name], self.samples["empty"], strict=True)
        return [get(sample) - get(empty) for sample, empty in pairs]
