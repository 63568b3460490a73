"""Admits what costs most on the management plane: checks who owns the token, then counts for the tenant."""

from __future__ import annotations

import os

from shared.errors import TooManyRequests
from shared.rules.audit import AuditContext
from shared.rules.rate_limit import Window
from shared.store import counters, memberships


def admit_write(context: AuditContext, token_id: str | None = None) -> None:
    """Counts a change of the tenant's tokens. `token_id`: the token to change, None for a new one."""
    _admit(
        context, token_id, Window("w", 60, _writes_per_minute()), "ManagementWritesPerMinute", "change {} client tokens"
    )


def admit_reveal(context: AuditContext, token_id: str) -> None:
    """Counts a reveal, which writes an audit record.

    Counted apart from writes, so that a credential that may only reveal cannot block others from disabling a token.
    """
    _admit(
        context, token_id, Window("r", 60, _writes_per_minute()), "ManagementWritesPerMinute", "reveal {} client tokens"
    )


def admit_check(context: AuditContext) -> None:
    """Counts a check of settings, apart from writes, so that a form that checks while somebody types can still save."""
    _admit(context, None, Window("c", 60, _writes_per_minute()), "ManagementWritesPerMinute", "check {} client tokens")


def admit_deletion(context: AuditContext) -> None:
    """Counts the deletion of what visitors wrote, apart from writes for the same reason."""
    _admit(context, None, Window("d", 60, _writes_per_minute()), "ManagementWritesPerMinute", "delete {} conversations")


def admit_list(context: AuditContext, token_id: str | None = None) -> None:
    """Counts a list, whose cost grows with what is listed. `token_id`: the token whose conversations it shows."""
    limit = int(os.environ["MANAGEMENT_LISTS_PER_MINUTE"])
    _admit(context, token_id, Window("l", 60, limit), "ManagementListsPerMinute", "request {} lists")


def _writes_per_minute() -> int:
    return int(os.environ["MANAGEMENT_WRITES_PER_MINUTE"])


def _admit(context: AuditContext, token_id: str | None, window: Window, parameter: str, allowed: str) -> None:
    """Checks who owns the token, then counts.

    One read of the tenant's own item, and one write: another tenant's items are not touched. Raises NotFound for an
    unknown token and, with the same message, for another tenant's. Raises TooManyRequests above the tenant's rate.
    """
    if token_id is not None:
        memberships.require(context.tenant, token_id)
    status = counters.hit(counters.key_of_tenant(context.tenant), (window,), context.at)
    if status.retry_after:
        raise TooManyRequests(
            f"Your tenant may {allowed.format(status.limit)} per minute.",
            hint=f"Wait {status.retry_after} seconds, or ask an operator to raise {parameter}.",
            retry_after=status.retry_after,
        )
