"""What a client token's targets may cost per day, in UTC. The most that an answer can cost is reserved before it."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.errors import TargetFailed, TooManyRequests
from shared.rules.price import PICODOLLARS
from shared.rules.token_settings import TokenSettings

_MICRODOLLARS = 10**6
_NEARLY = 80, 100
# Most answers are complete by then. A target's time limit is at least as long.
_BUSY_SECONDS = 5


def limit(settings: TokenSettings) -> int | None:
    """In picodollars. None if the token has no daily budget."""
    if settings.daily_budget is None:
        return None
    return to_microdollars(settings.daily_budget) * (PICODOLLARS // _MICRODOLLARS)


def to_microdollars(dollars: float) -> int:
    """Exact, because a budget has at most six decimals."""
    return round(dollars * _MICRODOLLARS)


def from_microdollars(amount: int) -> float:
    return amount / _MICRODOLLARS


def to_dollars(picodollars: int) -> float:
    """To the millionth of a dollar, for people."""
    return round(picodollars * _MICRODOLLARS / PICODOLLARS) / _MICRODOLLARS


def require_bounded(worst_case: int | None, most: int) -> int:
    """`worst_case`: the most that one answer can cost. Raises TargetFailed if no budget of `most` can hold it.

    The page reads this error as that of any target that fails. Only the log says why.
    """
    if worst_case is None or worst_case > most:
        raise TargetFailed(is_free=True) from BudgetNotEnforceable()
    return worst_case


class BudgetNotEnforceable(Exception):  # noqa: N818 - for the log, never raised by itself
    code = "budget_not_enforceable"


class Exhausted(TooManyRequests):
    """The refusal for the rest of the day."""

    code = "budget_exhausted"

    def __init__(self, at: datetime) -> None:
        tomorrow = at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        super().__init__(
            "The assistant cannot answer any more today. Please come back tomorrow.",
            retry_after=int((tomorrow - at).total_seconds()) + 1,
        )


def busy() -> TooManyRequests:
    """The refusal while answers in progress hold what is left of the budget: most of it becomes free again."""
    return TooManyRequests(
        "The assistant is busy. Please try again in a moment.", code="budget_exhausted", retry_after=_BUSY_SECONDS
    )


def becomes_nearly_spent(spent: int, cost: int, most: int) -> bool:
    """Whether a cost takes `spent`, which includes it, to 80 percent. Spending only grows, so one cost per day does."""
    part, whole = _NEARLY
    return (spent - cost) * whole < most * part <= spent * whole
