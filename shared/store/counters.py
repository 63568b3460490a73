"""Attempts of one client address on one token, or of one tenant, counted in one round trip."""

from __future__ import annotations

from datetime import datetime

from shared import log
from shared.errors import Unavailable
from shared.rules import rate
from shared.rules.rate import Standing, Window
from shared.store import table
from shared.store.table import Item, Key

# Longer than any window and any attempt that is still under way.
_LIFETIME_SECONDS = 2 * 3600


def key(token_id: str, address: str) -> Key:
    return f"RATE#{token_id}#{rate.client(address)}", "WINDOWS"


def key_of_tenant(tenant: str) -> Key:
    """Of what a tenant's callers do on the management plane."""
    return f"WRITES#{tenant}", "WINDOWS"


def count(where: Key, seen: Item | None, windows: tuple[Window, ...], at: datetime) -> Standing:
    """Counts an attempt in each window, and tells where that leaves its client. Unavailable if it cannot be counted.

    `seen` is the item as it was read before, None where there was none: it says which counters have had their time and
    are dropped on this occasion, so that the item stays small. The counting itself does not rely on it. Where an answer
    of the table is lost and the call sent again, an attempt may be counted twice, never too little.
    """
    now = at.timestamp()
    adding = ", ".join(f"{rate.counter(window, now)} :one" for window in windows)
    dropped = rate.outdated(windows, seen or {}, now)
    removing = f" REMOVE {', '.join(dropped)}" if dropped else ""
    try:
        item = table.update(
            where,
            f"SET expires_at = :expiry ADD {adding}{removing}",
            {":one": 1, ":expiry": int(now) + _LIFETIME_SECONDS},
        )
    except Unavailable:
        log.count("LimiterFailedClosed")
        raise
    return rate.judge(windows, item, now)
