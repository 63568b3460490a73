"""A sliding window over counters: never more than the limit in any window, whatever order the counting happens in.

Attempts are counted by the time at which they were received, in buckets of a twelfth of a window. A bucket counts until
its last moment is a whole window ago, so whichever attempt of a window is counted last sees all the others. That may
refuse one bucket early, and never lets one too many through.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_BUCKETS = 12
# An attempt that takes longer from its beginning to being counted, because it is sent slowly, comes too late.
_UNDER_WAY_SECONDS = 60
# Two machines that receive attempts may differ by that much.
_CLOCKS_DIFFER_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` attempts, one or more, in any `seconds`. `name` tells its counters from another window's."""

    name: str
    seconds: int
    limit: int

    @property
    def bucket_seconds(self) -> int:
        return self.seconds // _BUCKETS


@dataclass(frozen=True, slots=True)
class RateLimitStatus:
    """Where an attempt leaves its client.

    `remaining`: how many more fit just now; `retry_after`: whole seconds until one fits, 0 where this one may pass;
    `reset`: whole seconds until all of `limit` is there again, if nobody tries before.
    """

    limit: int
    remaining: int
    reset: int
    retry_after: int


Counters = Mapping[str, int]
"""Counter name -> attempts in that bucket. Other names may stand among them."""


def counter_name(window: Window, at: float) -> str:
    """The name of the counter for an attempt at `at` (seconds since 1970). It says when its bucket begins."""
    return f"{window.name}_{int(at // window.bucket_seconds) * window.bucket_seconds}"


def outdated_counters(windows: tuple[Window, ...], counters: Counters, at: float) -> list[str]:
    """Counters that no attempt can need any more, not even one that has long been under way."""
    return [
        name
        for window in windows
        for name, end in _ends(window, counters)
        # A bucket longer, for `_is_late` knows only in which bucket the others were.
        if end + _UNDER_WAY_SECONDS + window.bucket_seconds <= at
    ]


def evaluate(windows: tuple[Window, ...], counters: Counters, at: float) -> RateLimitStatus:
    """What the tightest window says of an attempt that is already counted in each.

    Counters ahead of `at` count too: they are attempts that came later and were counted earlier.
    """
    counts = {window: _counts(window, counters, at) for window in windows}
    may_pass = all(
        sum(ending.values()) <= window.limit and not _is_late(window, ending, at) for window, ending in counts.items()
    )
    statuses = [_status(window, ending, at, may_pass=may_pass) for window, ending in counts.items()]
    return max(statuses, key=lambda status: (status.retry_after, -status.remaining, status.reset))


def client_key(address: str) -> str:
    """Whom an address stands for: an IPv4 address for itself, an IPv6 address for its /64, which one line gets."""
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
    """Whether others that came so much later are counted already that what it would need may have been dropped."""
    return max(counts) - window.seconds - window.bucket_seconds > at + _UNDER_WAY_SECONDS


def _wait(window: Window, counts: Mapping[int, int], at: float) -> int:
    """Until so many attempts have had their time that one more fits. The refused one counts like any other."""
    total = sum(counts.values())
    wait = 0
    for end in sorted(counts):
        if total < window.limit:
            break
        total -= counts[end]
        wait = _seconds_until(end, at)
    return wait


def _counts(window: Window, counters: Counters, at: float) -> dict[int, int]:
    """The attempts that still count, by when they no longer will."""
    return {end: counters[name] for name, end in _ends(window, counters) if end > at}


def _ends(window: Window, counters: Counters) -> Iterator[tuple[str, int]]:
    """The window's own counters, and when each has had its time."""
    mark = f"{window.name}_"
    for name in counters:
        if name.startswith(mark):
            yield name, int(name.removeprefix(mark)) + window.bucket_seconds + window.seconds


def _seconds_until(moment: int, at: float) -> int:
    return math.ceil(moment - at + _CLOCKS_DIFFER_SECONDS)
