"""Warnings about a client token: settings that are allowed but risky."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from shared.rules import origin
from shared.rules.client_token import ClientToken, TokenDraft
from shared.rules.security_warning import SecurityWarning

_IDS_SHOWN = 3


def warnings(
    token: ClientToken | TokenDraft,
    is_public_suffix: Callable[[str], bool],
    unregistered: Sequence[str] = (),
    unpriced: Sequence[str] = (),
    *,
    at: datetime,
) -> list[SecurityWarning]:
    """`unregistered`: flows and agents that nothing answers for yet. `unpriced`: targets without a price, if the token
    has a daily budget.
    """
    settings = token.settings
    found = origin.warnings(
        settings.allowed_origins, is_live=token.environment == "live", is_public_suffix=is_public_suffix
    )
    if not settings.flow_ids and not settings.agent_ids:
        found.append(
            SecurityWarning("no_target", "This token has no flow and no agent yet, so it cannot open a session.")
        )
    if unregistered:
        found.append(
            SecurityWarning(
                "unregistered_target",
                f"No target is registered under {_shown(unregistered)}: nothing answers there. "
                "Check the spelling, or register a target.",
            )
        )
    if unpriced:
        found.append(
            SecurityWarning(
                "unpriced_target",
                f"The target {_shown(unpriced)} has no price, so it does not answer under a daily budget. "
                "Register it with prices.",
            )
        )
    if settings.expires_at is not None:
        days = math.ceil((settings.expires_at - at) / timedelta(days=1))
        fate = f"will expire in {days} day{'s' if days > 1 else ''}" if days > 0 else "has expired"
        found.append(SecurityWarning("info", f"Token {fate}."))
    if settings.rate_limit_per_hour < settings.rate_limit_per_minute:
        found.append(
            SecurityWarning("info", "The limit per hour is below the limit per minute, so the limit per hour decides.")
        )
    return found


def _shown(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _IDS_SHOWN} more" if len(ids) > _IDS_SHOWN else ""
    return ", ".join(ids[:_IDS_SHOWN]) + more
