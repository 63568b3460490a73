"""A sliding window over counters: never more than the limit in any window, whatever order the counting happens in.

Attempts are counted in buckets of a twelfth of a window. A window that ends anywhere in the newest bucket reaches back
into the thirteenth, so all thirteen are summed: that may refuse one bucket early, and never lets one too many through.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_BUCKETS = 12


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` attempts in any `seconds`. `name` tells its counters from another window's."""

    name: str
    seconds: int
    limit: int

    @property
    def bucket_seconds(self) -> int:
        return self.seconds // _BUCKETS


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an attempt leaves its client. `reset` and `retry_after`: whole seconds; the latter is 0 where it may pass."""

    limit: int
    remaining: int
    reset: int
    retry_after: int


Counters = Mapping[str, int]
"""Counter name -> attempts in that bucket, this attempt included."""


def counter(window: Window, at: float) -> str:
    """The name of the counter for an attempt at `at` (seconds since 1970)."""
    return f"{window.name}{int(at // window.bucket_seconds)}"


def outdated(windows: tuple[Window, ...], counters: Counters, at: float) -> list[str]:
    """Counters that no attempt can need any more, even one that has been under way for a whole window."""
    oldest = {window.name: _bucket(window, at) - 2 * _BUCKETS - 1 for window in windows}
    return [name for name in counters if name[0] in oldest and int(name[1:]) < oldest[name[0]]]


def judge(windows: tuple[Window, ...], counters: Counters, at: float) -> Standing:
    """What the tightest window says of an attempt that is already counted.

    Counters ahead of `at` count too: they are attempts that came later and were counted earlier.
    """
    standings = [_standing(window, counters, at) for window in windows]
    return max(standings, key=lambda standing: (standing.retry_after, -standing.remaining))


def client(address: str) -> str:
    """Whom an address stands for: an IPv4 address for itself, an IPv6 address for its /64, which one line gets."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _standing(window: Window, counters: Counters, at: float) -> Standing:
    counts = dict(_counts(window, counters, at))
    total = sum(counts.values())
    reset = max((_leaves(window, bucket, at) for bucket in counts), default=0)
    return Standing(window.limit, max(0, window.limit - total), reset, _wait(window, counts, total, at))


def _wait(window: Window, counts: dict[int, int], total: int, at: float) -> int:
    """Seconds until so many attempts have left the window that one more fits; this one counts among them."""
    if total <= window.limit:
        return 0
    wait = 0
    for bucket in sorted(counts):
        if total < window.limit:
            break
        total -= counts[bucket]
        wait = _leaves(window, bucket, at)
    return wait


def _counts(window: Window, counters: Counters, at: float) -> Iterator[tuple[int, int]]:
    oldest = _bucket(window, at) - _BUCKETS
    for name, count in counters.items():
        if name[0] == window.name and int(name[1:]) >= oldest:
            yield int(name[1:]), count


def _leaves(window: Window, bucket: int, at: float) -> int:
    """Whole seconds until a bucket is no longer among the thirteen."""
    return -int((at - (bucket + _BUCKETS + 1) * window.bucket_seconds) // 1)


def _bucket(window: Window, at: float) -> int:
    return int(at // window.bucket_seconds)
