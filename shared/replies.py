"""Replies to messages as they come: a stored one in one piece, a target's in many."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from shared import log
from shared.admission.messages import AdmittedMessage
from shared.errors import ApiError
from shared.rules import daily_budget, turn
from shared.rules.answer import Declined, Ending
from shared.rules.target import Target
from shared.store import daily_budgets, turns
from shared.store.daily_budgets import Reservation
from shared.targets import answering

# Of the invocation's time. It takes milliseconds, or seconds if AWS throttles.
_SECONDS_TO_STORE = 4


def stream(admitted: AdmittedMessage, reply_id: str, seconds_left: Callable[[], float]) -> Iterator[str | Ending]:
    """Yields the reply's text, and at last its Ending: then the reply is stored.

    Take it to its end even if nobody reads it any more. `seconds_left`: until Lambda ends this invocation. Raises what
    the target and the store raise.
    """
    stored = admitted.turn
    if stored.reply is not None:
        yield stored.reply.text
        yield stored.ending or Ending()
    else:
        try:
            target, request = admitted.request(lambda: seconds_left() - _SECONDS_TO_STORE)
            reservation = _reserve(admitted, target)
        except ApiError:
            turns.withdraw(admitted.session, stored)
            raise
        ending = None
        try:
            with turns.held(admitted.session, stored):
                texts: list[str] = []
                for piece in answering.answer(target, request):
                    if isinstance(piece, Ending):
                        ending = piece
                        # Before the page reads that the reply is complete.
                        turns.complete(admitted.session, turn.answered(admitted.turn, reply_id, "".join(texts), piece))
                    else:
                        texts.append(piece)
                    yield piece
        except ApiError as error:
            if reservation:
                _settle(admitted, reservation, _cost(target, ending or error, reservation.worst_case))
            raise
        if reservation and ending:
            # After the page has the Ending: a settlement that stalls must not cut an answer that is stored.
            _settle(admitted, reservation, _cost(target, ending, reservation.worst_case))
    log.count("MessagesAnswered", environment=admitted.token.environment)


def _reserve(admitted: AdmittedMessage, target: Target) -> Reservation | None:
    """Reserves the most that the answer can cost. None if the token has no daily budget."""
    most, lease = daily_budget.limit(admitted.token.settings), admitted.turn.lease
    if most is None or lease is None:
        return None
    worst = daily_budget.require_bounded(target.worst_case, most)
    made = daily_budgets.reserve(admitted.token.id, lease, worst_case=worst, most=most, at=admitted.at)
    if made is None:
        log.count("BudgetsExhausted", environment=admitted.token.environment)
        raise daily_budget.exhausted(admitted.at)
    return made


def _settle(admitted: AdmittedMessage, reservation: Reservation, cost: int) -> None:
    spent = daily_budgets.settle(reservation, cost)
    if spent is not None and daily_budget.becomes_nearly_spent(spent, cost, reservation.most):
        log.count("BudgetsNearlySpent", environment=admitted.token.environment)


def _cost(target: Target, outcome: Ending | ApiError, worst: int) -> int:
    """The worst, unless the target surely charges nothing, or says what it has used."""
    if isinstance(outcome, ApiError) and outcome.is_free:
        return 0
    if isinstance(outcome, Ending | Declined) and target.price:
        return target.price.actual(outcome.usage, worst=worst)
    return worst
