"""Counts the attempts of a client address on a token, or those of a tenant, in one round trip."""

from __future__ import annotations

from datetime import datetime

from shared import log
from shared.errors import Unavailable
from shared.rules import rate_limit
from shared.rules.rate_limit import RateLimitStatus, Window
from shared.store import table
from shared.store.table import Item, Key

# Longer than any window and any attempt in progress.
_LIFETIME_SECONDS = 2 * 3600


def key(token_id: str, address: str) -> Key:
    return f"RATE#{token_id}#{rate_limit.client_key(address)}", "WINDOWS"


def key_of_tenant(tenant: str) -> Key:
    """The counters of a tenant's management requests."""
    return f"WRITES#{tenant}", "WINDOWS"


def hit(counter_key: Key, stored: Item | None, windows: tuple[Window, ...], at: datetime) -> RateLimitStatus:
    """Counts an attempt in each window, and returns the client's status. Raises Unavailable if that fails.

    `stored` is the item as it was read before, or None. It tells which counters have expired, so that they are removed
    in the same write and the item stays small. The counting itself does not rely on it. If a response of DynamoDB is
    lost and the call is retried, an attempt may be counted twice, never too little.
    """
    now = at.timestamp()
    adding = ", ".join(f"{rate_limit.counter_name(window, now)} :one" for window in windows)
    dropped = rate_limit.outdated_counters(windows, stored or {}, now)
    removing = f" REMOVE {', '.join(dropped)}" if dropped else ""
    try:
        item = table.update(
            counter_key,
            f"SET expires_at = :expiry ADD {adding}{removing}",
            {":one": 1, ":expiry": int(now) + _LIFETIME_SECONDS},
        )
    except Unavailable:
        log.count("LimiterFailedClosed")
        raise
    return rate_limit.evaluate(windows, item, now)
