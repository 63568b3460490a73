"""Which limit is reached first: how much of each limit one message uses, and how many messages that allows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from infra.tools.capacity import read_units, write_units
from infra.tools.scale import limits
from infra.tools.scale.limits import Limit
from infra.tools.scale.operations import Operations, Part, parts

# The longest system prompt that a target may have.
_PROMPT_BYTES = 32_000
# Of a daily budget: the item without reservations, and one reservation, which is open while its target answers.
_BUDGET_BYTES, _RESERVATION_BYTES = 82, 49


@dataclass(frozen=True, slots=True)
class Ceiling:
    """`takes`: how much of the limit one message uses. `answer`: what callers get beyond it."""

    what: str
    takes: float
    limit: Limit
    shared_by: str
    answer: str

    @property
    def messages(self) -> float:
        """Messages per second."""
        return self.limit.value / self.takes


_UNAVAILABLE = "503 `unavailable`, Retry-After: 1"
_THROTTLED = "429 `throttled`, Retry-After: 1"


def of_messages(operations: Operations) -> list[Ceiling]:
    """Lowest first, for messages in running conversations, the most frequent request."""
    return sorted(_of_messages(operations), key=lambda ceiling: ceiling.messages)


def _of_messages(operations: Operations) -> Iterator[Ceiling]:
    message = parts(operations["Chat, next message"])
    table_writes = sum(part.writes for part in message)
    # Of a message that moves its conversation in the list, which others do not.
    index_writes = sum(part.index_writes for part in parts(operations["Chat, conversation moved"]))
    seconds = sum(limits.SECONDS[call.name] for call in operations["Chat, next message"]) + limits.TARGET_SECONDS
    yield Ceiling("Stage throttle", 1, limits.STAGE_REQUESTS, "the deployment's chat", _THROTTLED)
    yield Ceiling("Account throttle", 1, limits.ACCOUNT_REQUESTS, "the account", _THROTTLED)
    yield Ceiling("Concurrent executions", seconds, limits.CONCURRENCY, "the account", "500 `internal_error`")
    yield Ceiling("New table, writes", table_writes, limits.NEW_TABLE_WRITES, "the deployment", _UNAVAILABLE)
    yield Ceiling("Table, writes", table_writes, limits.TABLE_UNITS, "the deployment", _UNAVAILABLE)
    yield Ceiling(
        "Index key `TOKEN#<id>`, writes by moves", index_writes, limits.PARTITION_WRITES, "a token", _UNAVAILABLE
    )
    yield Ceiling(
        "`BUDGET#<id>`, writes", _budget_writes(seconds), limits.PARTITION_WRITES, "a token with a budget", _UNAVAILABLE
    )
    yield from _reads(message, "TOKEN", "a token")
    yield from _reads(message, "USAGE", "a token")
    yield from _reads(message, "TARGET", "a target")
    prompt = read_units(_PROMPT_BYTES + 1, consistent=True)
    yield Ceiling(
        "`TARGET#...` with the longest prompt, reads", prompt, limits.PARTITION_READS, "a target", _UNAVAILABLE
    )
    yield from _writes(message, "SESSION", "`SESSION#<digest>`, writes", "a session")
    yield from _writes(message, "RATE", "`RATE#<id>#<address>`, writes", "an address on a token")


def _budget_writes(seconds: float) -> int:
    """What reserving and settling take at the most messages per second: more of them keep more reservations open."""

    def is_enough(units: int) -> bool:
        open_reservations = limits.PARTITION_WRITES.value / (2 * units) * seconds
        return write_units(math.ceil(_BUDGET_BYTES + _RESERVATION_BYTES * open_reservations)) <= units

    return 2 * next(filter(is_enough, count(1)))


def _reads(message: list[Part], partition: str, shared_by: str) -> Iterator[Ceiling]:
    units = sum(part.reads for part in message if part.partition == partition)
    yield Ceiling(f"`{partition}#...`, reads", units, limits.PARTITION_READS, shared_by, _UNAVAILABLE)


def _writes(message: list[Part], partition: str, what: str, shared_by: str) -> Iterator[Ceiling]:
    units = sum(part.writes for part in message if part.partition == partition)
    yield Ceiling(what, units, limits.PARTITION_WRITES, shared_by, _UNAVAILABLE)
