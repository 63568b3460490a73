"""A sliding window over counters: never more than the limit in any window, in whatever order attempts are counted.

Attempts are counted by the time they were received, in buckets of a twelfth of a window. A bucket counts until its end
is a whole window ago, so the attempt that is counted last sees all others of its window. An attempt may be refused up
to one bucket early. None is admitted above the limit.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_BUCKETS = 12
# An attempt that takes longer than this from its receipt to its counting is refused.
_UNDER_WAY_SECONDS = 60
# The clocks of two machines may differ by this much.
_CLOCKS_DIFFER_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` (one or more) attempts in any `seconds`. `name`: the prefix of its counters."""

    name: str
    seconds: int
    limit: int

    @property
    def bucket_seconds(self) -> int:
        return self.seconds // _BUCKETS


@dataclass(frozen=True, slots=True)
class RateLimitStatus:
    """A client's status after an attempt.

    `remaining`: how many more attempts fit now. `retry_after`: whole seconds until one fits, 0 if this one is admitted.
    `reset`: whole seconds until the full `limit` is available again.
    """

    limit: int
    remaining: int
    reset: int
    retry_after: int


Counters = Mapping[str, int]
"""Counter name -> attempts in that bucket. Other attributes are ignored."""


def counter_name(window: Window, at: float) -> str:
    """The counter for an attempt at `at` (seconds since 1970). It is named after the start of its bucket."""
    return f"{window.name}_{int(at // window.bucket_seconds) * window.bucket_seconds}"


def with_attempt(windows: tuple[Window, ...], counters: Counters, at: float) -> dict[str, int]:
    """The counters as they would be if an attempt at `at` were counted."""
    names = [counter_name(window, at) for window in windows]
    return {**counters, **{name: counters.get(name, 0) + 1 for name in names}}


def outdated_counters(windows: tuple[Window, ...], counters: Counters, at: float) -> list[str]:
    """Counters that no attempt needs any longer, not even one that is still in progress."""
    return [
        name
        for window in windows
        for name, end in _ends(window, counters)
        # One bucket longer, because `_is_late` knows only the buckets of the others.
        if end + _UNDER_WAY_SECONDS + window.bucket_seconds <= at
    ]


def evaluate(windows: tuple[Window, ...], counters: Counters, at: float) -> RateLimitStatus:
    """The status in the tightest window, for an attempt that is already counted in each.

    Counters after `at` count too: those attempts were received later and counted earlier.
    """
    counts = {window: _counts(window, counters, at) for window in windows}
    may_pass = all(
        sum(ending.values()) <= window.limit and not _is_late(window, ending, at) for window, ending in counts.items()
    )
    statuses = [_status(window, ending, at, may_pass=may_pass) for window, ending in counts.items()]
    return max(statuses, key=lambda status: (status.retry_after, -status.remaining, status.reset))


def client_key(address: str) -> str:
    """The client of an address: an IPv4 address itself, or the /64 of an IPv6 address, which one connection gets."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _status(window: Window, counts: Mapping[int, int], at: float, *, may_pass: bool) -> RateLimitStatus:
    total = sum(counts.values())
    retry_after = 0 if may_pass else max(1, _wait(window, counts, at))
    return RateLimitStatus(window.limit, max(0, window.limit - total), _seconds_until(max(counts), at), retry_after)


def _is_late(window: Window, counts: Mapping[int, int], at: float) -> bool:
    """Whether later attempts are counted already, so that counters which this one needs may have been removed."""
    return max(counts) - window.seconds - window.bucket_seconds > at + _UNDER_WAY_SECONDS


def _wait(window: Window, counts: Mapping[int, int], at: float) -> int:
    """Seconds until enough attempts have expired for one more. The refused one counts like any other."""
    total = sum(counts.values())
    wait = 0
    for end in sorted(counts):
        if total < window.limit:
            break
        total -= counts[end]
        wait = _seconds_until(end, at)
    return wait


def _counts(window: Window, counters: Counters, at: float) -> dict[int, int]:
    """The attempts that still count, by their expiry."""
    return {end: counters[name] for name, end in _ends(window, counters) if end > at}


def _ends(window: Window, counters: Counters) -> Iterator[tuple[str, int]]:
    """The window's counters, and when each expires."""
    mark = f"{window.name}_"
    for name in counters:
        if name.startswith(mark):
            yield name, int(name.removeprefix(mark)) + window.bucket_seconds + window.seconds


def _seconds_until(moment: int, at: float) -> int:
    return math.ceil(moment - at + _CLOCKS_DIFFER_SECONDS)
