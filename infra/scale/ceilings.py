"""Which limit is met first: what one message takes of each, and so how many messages it lets through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.scale import limits
from infra.scale.limits import Limit
from infra.scale.operations import Operations, Part, parts, read_units

# The largest that a token's config and a target's prompt may be.
_CONFIG_BYTES = 16 * 1024
_PROMPT_BYTES = 32_000


@dataclass(frozen=True, slots=True)
class Ceiling:
    """`takes`: what a message takes of the limit; `seen`: what a caller reads who comes too late."""

    what: str
    takes: float
    limit: Limit
    of: str
    seen: str

    @property
    def messages(self) -> float:
        """A second."""
        return self.limit.value / self.takes


_LATER = "503 `unavailable`, Retry-After: 1"


def of_messages(operations: Operations) -> list[Ceiling]:
    """The lowest first. Of messages in a conversation that has begun: they are the many."""
    return sorted(_of_messages(operations), key=lambda ceiling: ceiling.messages)


def _of_messages(operations: Operations) -> Iterator[Ceiling]:
    message = parts(operations["chat, next message"])
    writes = sum(part.writes for part in message)
    seconds = sum(limits.SECONDS[call.name] for call in operations["chat, next message"]) + limits.TARGET_SECONDS
    throttled = "429 `throttled`, Retry-After: 1"
    yield Ceiling("Stage throttle", 1, limits.STAGE_REQUESTS, "the deployment's chat", throttled)
    yield Ceiling("Account throttle", 1, limits.ACCOUNT_REQUESTS, "the account", throttled)
    yield Ceiling("Functions at work", seconds, limits.CONCURRENCY, "the account", "500 `internal_error`")
    yield Ceiling("Table as it is made, writes", writes, limits.NEW_TABLE_WRITES, "the deployment", _LATER)
    yield Ceiling("Table, writes", writes, limits.TABLE_UNITS, "the deployment", _LATER)
    entries = sum(part.entries for part in message)
    yield Ceiling("`listing`, key `TOKEN#<id>`, writes", entries, limits.PARTITION_WRITES, "a token", _LATER)
    yield from _reads(message, "TOKEN", "a token", larger_by=_CONFIG_BYTES, larger="with the largest config")
    yield from _reads(message, "TARGET", "a target", larger_by=_PROMPT_BYTES, larger="with the longest prompt")
    yield from _reads(message, "USAGE", "a token")
    own = sum(part.writes for part in message if part.partition == "SESSION")
    yield Ceiling("`SESSION#<digest>`, writes", own, limits.PARTITION_WRITES, "a session", _LATER)
    own = sum(part.writes for part in message if part.partition == "RATE")
    yield Ceiling("`RATE#<id>#<address>`, writes", own, limits.PARTITION_WRITES, "an address on a token", _LATER)


def _reads(message: list[Part], kind: str, of: str, *, larger_by: int = 0, larger: str = "") -> Iterator[Ceiling]:
    units = sum(part.reads for part in message if part.partition == kind)
    yield Ceiling(f"`{kind}#...`, reads", units, limits.PARTITION_READS, of, _LATER)
    if larger:
        units = read_units(larger_by + 1, consistent=True)
        yield Ceiling(f"`{kind}#...` {larger}, reads", units, limits.PARTITION_READS, of, _LATER)
