"""Admits writes on the management plane: checks who owns the token, then counts the tenant's writes."""

from __future__ import annotations

import os

from shared.errors import TooMany
from shared.rules import identifier
from shared.rules.audit import Circumstances
from shared.rules.rate import Window
from shared.store import counters, memberships, table

_WRITES = (Window("w", 60, int(os.environ["MANAGEMENT_WRITES_PER_MINUTE"])),)


def admit_write(by: Circumstances, token_id: str | None = None) -> None:
    """Counts a write, or a reveal, which writes an audit record. `token_id`: the token that it is for.

    One read of the tenant's own items, and one write: another tenant's items are not touched. Raises NotFound for an
    unknown token and, with the same words, for another tenant's. Raises TooMany above the tenant's rate.
    """
    if token_id is not None and not identifier.is_one("ct", token_id):
        raise memberships.unknown()
    rate_key = counters.key_of_tenant(by.tenant)
    membership = memberships.key(by.tenant, token_id) if token_id is not None else None
    keys = [rate_key, *([membership] if membership else [])]
    items = table.read(keys, is_consistent=True, at=by.at)
    if membership and membership not in items:
        raise memberships.unknown()
    standing = counters.count(rate_key, items.get(rate_key), _WRITES, by.at)
    if standing.retry_after:
        raise TooMany(
            f"Your tenant may change, create, and reveal {standing.limit} client tokens a minute.",
            hint=f"Wait {standing.retry_after} seconds, or have ManagementWritesPerMinute raised.",
            retry_after=standing.retry_after,
        )
