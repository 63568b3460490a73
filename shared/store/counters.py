"""Counts the attempts of a client address on a token, or those of a tenant, in one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from shared import log
from shared.errors import Unavailable
from shared.rules import rate_limit
from shared.rules.rate_limit import RateLimitStatus, Window
from shared.store import table
from shared.store.table import Item, Key

# Longer than any window and any attempt in progress.
_LIFETIME_SECONDS = 2 * 3600
# Dropping counters costs a write of its own, so it waits for this many. With them the item is still below 1 KB, so that
# an attempt costs one write unit.
_DROPPED_AT_ONCE = 16
# With more, the item of a constant sender would not be.
_OUTDATED_MAX = 24


def key(token_id: str, address: str) -> Key:
    return f"RATE#{token_id}#{rate_limit.client_key(address)}", "WINDOWS"


def history_key(token_id: str, address: str) -> Key:
    """The counters of requests for a visitor's history, apart from those of messages, which stay below 1 KB."""
    return key(token_id, address)[0], "HISTORY"


def key_of_tenant(tenant: str) -> Key:
    """The counters of a tenant's management requests."""
    return f"WRITES#{tenant}", "WINDOWS"


def hit(
    counter_key: Key, windows: tuple[Window, ...], at: datetime, *, is_drop_deferred: bool = False
) -> RateLimitStatus:
    """Counts an attempt in each window, and returns the client's status. Raises Unavailable if that fails.

    `is_drop_deferred`: leaves outdated counters to a later attempt, while they are few.
    The write returns all counters, so nothing is read before. If a response of DynamoDB is lost and the call is
    retried, an attempt may be counted twice, never too little.
    """
    now = at.timestamp()
    adding = ", ".join(f"{rate_limit.counter_name(window, now)} :one" for window in windows)
    try:
        item = table.update(
            counter_key,
            f"SET expires_at = :expiry ADD {adding}",
            {":one": 1, ":expiry": int(now) + _LIFETIME_SECONDS},
        )
    except Unavailable:
        log.count("LimiterFailedClosed")
        raise
    outdated = rate_limit.outdated_counters(windows, item, now)
    if len(outdated) >= (_OUTDATED_MAX if is_drop_deferred else _DROPPED_AT_ONCE):
        _drop(counter_key, outdated)
    return rate_limit.evaluate(windows, item, now)


def next_status(item: Item | None, windows: tuple[Window, ...], at: datetime) -> RateLimitStatus:
    """What `hit` would return now, without counting. `item`: the client's counters."""
    now = at.timestamp()
    return rate_limit.evaluate(windows, rate_limit.with_attempt(windows, item or {}, now), now)


def _drop(counter_key: Key, names: Sequence[str]) -> None:
    """Keeps the item small. If this fails, a later attempt drops them."""
    with suppress(Unavailable):
        table.write(table.update_write(counter_key, f"REMOVE {', '.join(names)}", {}))
