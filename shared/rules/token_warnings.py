"""Warnings about a client token: settings that are allowed but risky."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from shared.rules import daily_budget, origin, timestamps
from shared.rules.client_token import ClientToken, TokenDraft
from shared.rules.security_warning import SecurityWarning
from shared.rules.token_settings import TokenSettings

_IDS_SHOWN = 3


def warnings(
    token: ClientToken | TokenDraft,
    is_public_suffix: Callable[[str], bool],
    unregistered: Sequence[str] = (),
    worst_cases: Mapping[str, int | None] | None = None,
    *,
    at: datetime,
) -> list[SecurityWarning]:
    """`unregistered`: flows and agents that nothing answers for yet. `worst_cases`: the most that one answer of a flow
    or an agent can cost, None if it is unknown.
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
    found += _budget_warnings(settings, worst_cases or {})
    found += observation_warnings(settings, at=at)
    if settings.expires_at is not None:
        days = math.ceil((settings.expires_at - at) / timedelta(days=1))
        fate = f"will expire in {days} day{'s' if days > 1 else ''}" if days > 0 else "has expired"
        found.append(SecurityWarning("info", f"Token {fate}."))
    if settings.rate_limit_per_hour < settings.rate_limit_per_minute:
        found.append(
            SecurityWarning("info", "The limit per hour is below the limit per minute, so the limit per hour decides.")
        )
    return found


def observation_warnings(settings: TokenSettings, *, at: datetime) -> list[SecurityWarning]:
    """Of a token that admits every origin for now."""
    if settings.observe_until is None or settings.origin_enforcement(at) == "enforce":
        return []
    return [
        SecurityWarning(
            "origins_observed",
            f"Every origin is admitted until {timestamps.to_text(settings.observe_until)}, also those that are not "
            "allowed: these are logged as observed. Then the token enforces its allowed origins. Set "
            "originEnforcement to enforce as soon as they are complete.",
        )
    ]


def _budget_warnings(settings: TokenSettings, worst_cases: Mapping[str, int | None]) -> Iterator[SecurityWarning]:
    most = daily_budget.limit(settings)
    if most is None:
        return
    if unpriced := [target_id for target_id, worst_case in worst_cases.items() if worst_case is None]:
        yield SecurityWarning(
            "unpriced_target",
            f"Under a daily budget, {_shown(unpriced)} cannot answer, because the most that an answer can cost is "
            "unknown. Register a price per call, or a model with prices per token and without attachments.",
        )
    if above := {target_id: cost for target_id, cost in worst_cases.items() if cost is not None and cost > most}:
        yield SecurityWarning(
            "daily_budget_too_small",
            f"Under this daily budget, {_shown(list(above))} cannot answer, because one answer can cost up to "
            f"{daily_budget.to_dollars(max(above.values()))} dollars. Raise the budget, or lower the target's "
            "max_tokens or max_input_bytes.",
        )


def _shown(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _IDS_SHOWN} more" if len(ids) > _IDS_SHOWN else ""
    return ", ".join(ids[:_IDS_SHOWN]) + more
