"""Explains whether a client token admits a visitor to a session and a first message, with the functions that decide it.

It counts nothing and writes nothing. What only a browser has is not asked: the token's value, a session, a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from shared.admission import checks, daily_budget, rates
from shared.errors import ApiError
from shared.rules import client_token, explanation, suggestion, target, timestamps
from shared.rules import daily_budget as budget_rules
from shared.rules.client_token import ClientToken
from shared.rules.explanation import ExplainedCheck, Fix, Question, WantedTarget
from shared.rules.rate_limit import RateLimitStatus, Window
from shared.rules.target import Target
from shared.rules.visitor import Visitor
from shared.store import counters, daily_budgets, targets
from shared.store.table import Item

# Each costs a read, only to offer a change that the API accepts.
_PEERS_READ = 20
_NO_ADDRESS = "Rates are per address, and none was given."
_PERIODS = {60: "minute", 3600: "hour"}
_WAIT = "Wait {} seconds. This limit is the same for every token."
_WAIT_OR_RAISE = "Wait {} seconds, or raise rateLimitPerMinute or rateLimitPerHour."
_REGISTER = Fix("Register it with client-tokens targets register, or name another flow or agent in the token.")
_RAISE_BUDGET = Fix("Raise dailyBudget, or wait for the next day in UTC.")
_NOT_BOUNDED = "The most that one answer of this target can cost is unknown, or more than the whole daily budget."
_BOUND_IT = Fix("Raise dailyBudget, or register the target with prices and limits that bound the cost of an answer.")


def explain(token: ClientToken, visitor: Visitor, wanted: WantedTarget | None) -> list[ExplainedCheck]:
    """In the order of admission. `visitor`: with an empty address, no rate is asked."""
    keys = {one: targets.key(target.reference(token.tenant, one)) for one in _targets_to_read(token, wanted)}
    budget_key = daily_budgets.key(token.id, visitor.at)
    counter_key = counters.key(token.id, visitor.address) if visitor.address else None
    items = checks.read(visitor.at, counter_key, budget_key, *keys.values())
    registered = {one: targets.from_item(items[key]) for one, key in keys.items() if key in items}
    allowed = _target_allowed(token, wanted, registered)
    return [
        _active(token),
        _not_expired(token, visitor),
        _origin_allowed(token, visitor),
        allowed,
        *_rates(token, visitor, items.get(counter_key) if counter_key else None),
        *(_answering(token, visitor, registered, items.get(budget_key)) if allowed.passes else _unasked()),
    ]


def _targets_to_read(token: ClientToken, wanted: WantedTarget | None) -> Iterable[str]:
    """The target that answers, or those that the token would name to allow it, while they are few."""
    try:
        return [client_token.choose_target(token, wanted.id if wanted else None)]
    except ApiError:
        return dict.fromkeys((wanted.id, *wanted.peers(token.settings)[:_PEERS_READ])) if wanted else ()


def _ask(question: Question, ask: Callable[[], str], fix: Fix, rule: str = "") -> ExplainedCheck:
    """`ask`: raises as admission does, or returns what decides. `fix` and `rule`: for a question that fails."""
    try:
        return ExplainedCheck(question=question, passes=True, rule=ask())
    except ApiError as refused:
        decided = rule or refused.hint or refused.message
        return ExplainedCheck(question=question, passes=False, code=refused.code, rule=decided, fix=fix)


def _active(token: ClientToken) -> ExplainedCheck:
    def ask() -> str:
        client_token.require_active(token)
        return "The token is switched on."

    return _ask("token_active", ask, explanation.ACTIVATE)


def _not_expired(token: ClientToken, visitor: Visitor) -> ExplainedCheck:
    end = token.settings.expires_at
    written = timestamps.to_text(end) if end else ""

    def ask() -> str:
        client_token.require_not_expired(token, at=visitor.at)
        return f"The token expires at {written}." if end else "The token never expires."

    return _ask("token_not_expired", ask, explanation.EXTEND, f"The token expired at {written}.")


def _origin_allowed(token: ClientToken, visitor: Visitor) -> ExplainedCheck:
    settings, header = token.settings, visitor.origin
    fix = explanation.admit_origin(header, settings)
    nearest = suggestion.nearest(header, settings.allowed_origins) if header else None
    observed = False

    def ask() -> str:
        nonlocal observed
        entry = checks.deciding_origin(visitor, token)
        observed = entry is None
        if entry is not None:
            return f"{entry} is among the token's allowed origins."
        until = timestamps.to_text(settings.observe_until or visitor.at)
        return f"It is not among the token's allowed origins, which are only observed until {until}."

    check = _ask("origin_allowed", ask, fix)
    return replace(check, nearest=nearest, fix=fix) if observed or not check.passes else check


def _target_allowed(
    token: ClientToken, wanted: WantedTarget | None, registered: Mapping[str, Target]
) -> ExplainedCheck:
    def ask() -> str:
        chosen = client_token.choose_target(token, wanted.id if wanted else None)
        return f"{chosen} is among the token's flows and agents." if wanted else f"{chosen} is the token's default."

    fix = explanation.allow_target(wanted, token.settings, registered)
    if wanted is None:
        return _ask("target_allowed", ask, fix, "The token has no flow and no agent.")
    check = _ask("target_allowed", ask, fix, f"{wanted.id} is not among the token's flows and agents.")
    return check if check.passes else replace(check, nearest=explanation.nearest_target(wanted, token.settings))


def _rates(token: ClientToken, visitor: Visitor, counted: Item | None) -> Iterator[ExplainedCheck]:
    """`counted`: the attempts of the address so far. This one is not counted."""
    if not visitor.address:
        yield ExplainedCheck(question="session_rate", passes=None, rule=_NO_ADDRESS)
        yield ExplainedCheck(question="message_rate", passes=None, rule=_NO_ADDRESS)
        return
    yield _rate("session_rate", visitor, counted, rates.SESSIONS, _WAIT)
    yield _rate("message_rate", visitor, counted, rates.messages(token), _WAIT_OR_RAISE)


def _rate(
    question: Question, visitor: Visitor, counted: Item | None, windows: tuple[Window, ...], fix: str
) -> ExplainedCheck:
    status: RateLimitStatus = counters.next_status(counted, windows, visitor.at)
    limits = " and ".join(f"{window.limit} per {_PERIODS[window.seconds]}" for window in windows)

    def ask() -> str:
        checks.require_within_limit(status, "")
        return f"The limit per address is {limits}. After this one, {status.remaining} more are possible now."

    rule = f"The limit per address is {limits}. This one would exceed it."
    return _ask(question, ask, Fix(fix.format(status.retry_after)), rule)


def _answering(
    token: ClientToken, visitor: Visitor, registered: Mapping[str, Target], held: Item | None
) -> Iterator[ExplainedCheck]:
    """`registered`: the target that answers, if it is registered."""
    found = next(iter(registered.values()), None)

    def available() -> str:
        answering = target.require_available(found)
        return f"{answering.id} is registered as {answering.kind}."

    check = _ask("target_available", available, _REGISTER)
    yield check
    if found is None or not check.passes:
        yield _no_target("daily_budget")
        return

    def affordable() -> str:
        daily_budget.require_affordable(token, found, held, visitor.at)
        return _budget(token, found, held)

    check = _ask("daily_budget", affordable, _RAISE_BUDGET, _budget(token, found, held))
    yield check if check.code != "target_failed" else replace(check, rule=_NOT_BOUNDED, fix=_BOUND_IT)


def _budget(token: ClientToken, found: Target, held: Item | None) -> str:
    if token.settings.daily_budget is None:
        return "The token has no daily budget."
    booked = budget_rules.to_dollars(int((held or {}).get("held", 0)))
    most = budget_rules.to_dollars(found.worst_case or 0)
    return (
        f"Of today's budget of ${token.settings.daily_budget}, ${booked} is spent or reserved, and one answer can cost "
        f"${most}."
    )


def _unasked() -> Iterator[ExplainedCheck]:
    yield _no_target("target_available")
    yield _no_target("daily_budget")


def _no_target(question: Question) -> ExplainedCheck:
    return ExplainedCheck(question=question, passes=None, rule="Not checked, because no target would answer.")
