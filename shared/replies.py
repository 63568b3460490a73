"""Replies to messages as they come: a stored one in one piece, a target's in many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from shared import log
from shared.admission.daily_budget import refusals_counted
from shared.admission.messages import AdmittedMessage
from shared.rules import client_tools, daily_budget, execution, turn
from shared.rules.answer import Declined, Ending, Piece, ToolCalls
from shared.rules.target import Target
from shared.rules.target_request import TargetRequest
from shared.store import daily_budgets, executions, turns
from shared.store.daily_budgets import Reservation
from shared.targets import answering

# Of the invocation's time. It takes milliseconds, or seconds if AWS throttles.
_SECONDS_TO_STORE = 4
# Of these, for the events that end the stream. AWS is given up then, even if nothing is stored.
_SECONDS_TO_END = 1


def stream(admitted: AdmittedMessage, reply_id: str, seconds_left: Callable[[], float]) -> Iterator[Piece]:
    """Yields the reply's text, and at last its Ending: then the reply is stored. Or ToolCalls: then the turn is paused.

    Take it to its end even if nobody reads it any more. `seconds_left`: until Lambda ends this invocation. Raises what
    the target and the store raise.
    """
    stored = admitted.turn
    if stored.reply is not None:
        log.add(outcome="repeated")
        yield stored.reply.text
        yield stored.ending or Ending()
    elif stored.pending:
        log.add(outcome="repeated")
        if not admitted.is_resumed:
            yield "\n\n".join(step.text for step in stored.steps if step.text.strip())
        yield ToolCalls(stored.pending)
    else:
        yield from _generated(admitted, reply_id, seconds_left)


def _generated(admitted: AdmittedMessage, reply_id: str, seconds_left: Callable[[], float]) -> Iterator[Piece]:
    """What the target says. It is paid for, stored, and then settled."""

    def left_to_store() -> float:
        return seconds_left() - _SECONDS_TO_END

    stored = admitted.turn
    try:
        target, request = admitted.request(lambda: seconds_left() - _SECONDS_TO_STORE)
        worst = target.worst_case_with(client_tools.overhead(request.tools))
        reservation = _reserve(admitted, worst)
    except Exception:
        turns.withdraw(admitted.session, stored)
        raise
    ending = None
    try:
        with turns.held(admitted.session, stored, left_to_store):
            texts: list[str] = []
            for piece in answering.answer(target, request):
                if isinstance(piece, str):
                    texts.append(piece)
                    yield piece
                else:
                    ending = piece
                    # Before the page reads that the reply is complete.
                    ending = _stored(admitted, reply_id, "".join(texts), piece, request, left_to_store)
                    yield ending
    except Exception as error:
        _book(admitted, reservation, _cost(target, ending or error, worst), left_to_store)
        raise
    if ending:
        # After the page has the Ending: a settlement that stalls must not cut an answer that is stored.
        _book(admitted, reservation, _cost(target, ending, worst), left_to_store)


def _reserve(admitted: AdmittedMessage, worst: int | None) -> Reservation | None:
    """Reserves `worst`, the most that the answer can cost. None if the token has no daily budget."""
    most, lease = daily_budget.limit(admitted.token.settings), admitted.turn.lease
    if most is None or lease is None:
        return None
    bounded = daily_budget.require_bounded(worst, most)
    with refusals_counted(admitted.token):
        return daily_budgets.reserve(admitted.token.id, lease, worst_case=bounded, most=most, at=admitted.at)


def _book(
    admitted: AdmittedMessage, reservation: Reservation | None, cost: int | None, seconds_left: Callable[[], float]
) -> None:
    """Logs the cost, and settles the reservation, if there is one: then the cost is known."""
    log.add(cost=cost or None)
    if reservation is None or cost is None:
        return
    spent = daily_budgets.settle(reservation, cost, seconds_left)
    if spent is not None and daily_budget.becomes_nearly_spent(spent, cost, reservation.most):
        log.count("BudgetsNearlySpent", environment=admitted.token.environment)


def _stored(
    admitted: AdmittedMessage,
    reply_id: str,
    text: str,
    ending: Ending | ToolCalls,
    request: TargetRequest,
    seconds_left: Callable[[], float],
) -> Ending | ToolCalls:
    """Stores the reply or the pause. Returns what the page reads: the calls have their ids then."""
    if isinstance(ending, ToolCalls):
        if execution.may_pause(admitted.turn):
            return _paused(admitted, text, ending, request, seconds_left)
        ending = Ending(stop_reason="max_tool_calls", usage=ending.usage)
    answered = turn.answered(admitted.turn, reply_id, text, ending)
    counts = turns.complete(admitted.session, answered, seconds_left)
    log.add(outcome="answered" if counts == answered else "repeated")
    return ending


def _paused(
    admitted: AdmittedMessage,
    text: str,
    called: ToolCalls,
    request: TargetRequest,
    seconds_left: Callable[[], float],
) -> ToolCalls:
    """What the visitor has cleared from the page stays unknown to the target when it goes on."""
    page_input = admitted.page_input
    if page_input.shown_ids is not None:
        page_input = replace(page_input, shown_ids=[message.id for message in request.history()])
    paused = execution.paused(admitted.turn, page_input, text, called, admitted.at)
    executions.pause(admitted.session, paused, seconds_left)
    log.add(outcome="paused")
    return called._replace(calls=paused.pending)


def _cost(target: Target, outcome: Ending | ToolCalls | Exception, worst: int | None) -> int | None:
    """In picodollars. The worst, unless the target surely charges nothing, or says what it has used, which is logged.

    None without registered prices, or if the worst has no bound.
    """
    usage = outcome.usage if isinstance(outcome, Ending | ToolCalls | Declined) else None
    if usage:
        log.add(input_tokens=usage.input_tokens or None, output_tokens=usage.output_tokens or None)
    if target.price is None:
        return None
    if getattr(outcome, "is_free", False):
        return 0
    if isinstance(outcome, Ending | ToolCalls | Declined):
        return target.price.actual(usage, worst=worst)
    return worst
