"""Finds the target of a message, and refuses early if the token's daily budget has no room for an answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from shared import log
from shared.admission import checks
from shared.rules import daily_budget, target
from shared.rules.client_token import ClientToken
from shared.rules.target import Target
from shared.store import daily_budgets, targets
from shared.store.table import Item


def find_target(token: ClientToken, reference: str, at: datetime) -> Target:
    """Raises NotFound if the target is not available, and TooManyRequests or TargetFailed if the budget has no room.

    Then nothing is stored or paid for yet. Only the reservation decides, which may still refuse.
    """
    if daily_budget.limit(token.settings) is None:
        return target.require_available(targets.find(reference))
    target_key, budget_key = targets.key(reference), daily_budgets.key(token.id, at)
    items = checks.read(at, target_key, budget_key)
    found = target.require_available(targets.from_item(items[target_key]) if target_key in items else None)
    with refusals_counted(token):
        require_affordable(token, found, items.get(budget_key), at)
    return found


def require_affordable(token: ClientToken, found: Target, held: Item | None, at: datetime) -> None:
    """Raises as `find_target` does if the token's daily budget has no room. `held`: today's item of the budget."""
    most = daily_budget.limit(token.settings)
    if most is not None:
        worst = daily_budget.require_bounded(found.worst_case, most)
        daily_budgets.require_room(held, worst_case=worst, most=most, at=at)


@contextmanager
def refusals_counted(token: ClientToken) -> Iterator[None]:
    """Counts a refusal for the rest of the day, for the alarm."""
    try:
        yield
    except daily_budget.Exhausted:
        log.count("BudgetsExhausted", environment=token.environment)
        raise
