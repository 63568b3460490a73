"""What is simulated: a deployment, crowds of visitors, and what became of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from infra.scale import limits
from infra.scale.operations import Operations


@dataclass(frozen=True, slots=True)
class Setting:
    """A deployment. `partitions`: how many its table and its index have each, None where each busy key has its own."""

    operations: Operations
    throttle: int = limits.STAGE_REQUESTS.value
    account_throttle: int = limits.ACCOUNT_REQUESTS.value
    concurrency: int = limits.CONCURRENCY.value
    partitions: int | None = None
    token_copies: int = 1
    # Requests a second that a firewall lets through for the first token; 0 where there is none.
    firewall: int = 0


@dataclass(frozen=True, slots=True)
class Crowd:
    """Visitors who say `rate` things a second, `visit` in a session, on `tokens`: the nth of them 1/n as often."""

    rate: float
    tokens: range
    visit: int = 5


@dataclass(slots=True)
class Outcome:
    """Of one second. `messages`: crowd and what refused its message, if anything -> how many."""

    messages: Counter[tuple[Crowd, str]] = field(default_factory=Counter)
    # Answers that were sought, paid for, and could not be stored; conversations that are missing in a token's count.
    lost: int = 0
    uncounted: int = 0
    # Units that partitions spent, by kind of unit and partition.
    heat: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))

    def shares(self, crowd: Crowd) -> dict[str, float]:
        """What refused the crowd's messages -> which part of them; "" for those that were answered."""
        found = {refused: number for (name, refused), number in self.messages.items() if name == crowd}
        return {refused: number / sum(found.values()) for refused, number in found.items()}

    def answered(self, crowd: Crowd) -> float:
        return self.shares(crowd).get("", 0.0)
