"""Every part of the protocol is needed: without it, the search finds what it prevents."""

import re
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from types import SimpleNamespace

import pytest

from shared import replies
from shared.errors import ApiError
from shared.rules import execution, message_log, turn
from shared.store import conversations, daily_budgets, turn_items, turns
from tests.turn.scenarios import DEEP, SCENARIOS
from tests.turn.search import Search
from tests.turn.world import Faults, Scenario, Violation

# (How the write begins, the part of its condition) -> the scenario that breaks without it, and how.
CLAUSES = {
    ("SET message_log", "message_log = :before"): ("two", "the session does not know"),
    ("Put", "attribute_not_exists(pk)"): ("twice", "was asked 2 times and counted 1"),
    ("SET holder", "holder = :was"): ("failed before", "was asked"),
    ("SET holder", "attribute_not_exists(reply)"): ("twice, lapse", "that had its reply"),
    ("SET #count", "attribute_not_exists(is_gone)"): ("deletion", "was deleted before"),
    ("SET #count", "(attribute_not_exists(#count) OR #count < :number)"): ("two", "counts too few"),
    ("SET reply", "holder = :holder"): ("deletion", "in a deleted conversation"),
    ("SET leased_until", "holder = :holder"): ("twice", "a turn without a message"),
    ("SET last_used_at", "attribute_not_exists(last_conversation) OR last_conversation <> :id"): (
        "twice",
        "was counted 2",
    ),
    ("SET #reserved", "attribute_not_exists(#reserved)"): ("dollars, any answer", "more is held than was spent"),
    ("SET #reserved", "(attribute_not_exists(held) OR held <= :room)"): ("dollars", "more is held"),
    ("REMOVE #reserved", "attribute_exists(#reserved)"): ("dollars", "more was spent"),
    ("SET paused_until", "holder = :was"): ("pause, deletion", "calls in a deleted conversation"),
}
# Every write of a turn is in one of these.
EACH_WRITE = [
    Scenario(("a", "a"), Faults(lapses=1)),
    Scenario(("a",), Faults(), target=("fails",)),
    Scenario(("a", "delete"), Faults(), before=("b",)),
    Scenario(("a",), Faults(), daily_budget=4),
    Scenario(("a>",), Faults(), before=("a",), pauses=1),
    Scenario(("a!",), Faults(), before=("a",), pauses=1),
]
# DynamoDB deletes what has expired. The search has no time for that, and has no visitor who is forgotten:
# that is in tests/functions/test_forgotten_visitors.py.
NOT_SEARCHED = {
    ("SET tenant", "attribute_not_exists(pk)"),
    ("SET message_log", "conversation_id = :conversation_id"),
    ("SET #count", "(attribute_not_exists(pk) OR expires_at > :now)"),
    ("SET idle_until", "attribute_exists(pk)"),
}


def parts(condition):
    """Its parts that AND joins."""
    found, depth = [""], 0
    for token in re.split(r"( AND |[()])", condition):
        depth += {"(": 1, ")": -1}.get(token, 0)
        if token == " AND " and not depth:
            found.append("")
        else:
            found[-1] += token
    return found


def beginning(parameters):
    words = parameters.get("UpdateExpression", "Put").split()
    return " ".join(words[:2])


def without(write, clause):
    """A network that takes a part of a condition out of such writes."""

    def patch(request):
        operation, parameters = request
        condition = parameters.get("ConditionExpression")
        if not condition or beginning(parameters) != write:
            return request
        kept = " AND ".join(part for part in parts(condition) if part != clause)
        return operation, parameters | {"ConditionExpression": kept}

    return patch


def assert_broken(scenario, how, monkeypatch, patch=lambda request: request):
    with pytest.raises(Violation, match=how):
        Search((DEEP | SCENARIOS)[scenario], patch, only=how).run(monkeypatch)


def test_each_condition_has_a_scenario_that_needs_it(monkeypatch):
    found = set()

    def note(request):
        _, parameters = request
        if condition := parameters.get("ConditionExpression"):
            found.update((beginning(parameters), part) for part in parts(condition))
        return request

    for scenario in EACH_WRITE:
        Search(scenario, note).run(monkeypatch)
    assert found == CLAUSES.keys() | NOT_SEARCHED


@pytest.mark.parametrize(("write", "clause"), CLAUSES)
def test_removing_a_condition_breaks_a_guarantee(write, clause, monkeypatch):
    assert_broken(*CLAUSES[write, clause], monkeypatch, without(write, clause))


def deleting(sort_key):
    """What stands in for a deleted item is not written: the item is deleted."""

    def patch(request):
        operation, parameters = request
        if operation == "TransactWriteItems":
            parameters = {"TransactItems": [as_delete(part) for part in parameters["TransactItems"]]}
        elif operation == "PutItem":
            ((kind, parameters),) = as_delete({"Put": parameters}).items()
            operation = f"{kind}Item"
        return operation, parameters

    def as_delete(part):
        item = part.get("Put", {}).get("Item", {})
        if "is_gone" in item and item["sk"]["S"].startswith(sort_key):
            return {"Delete": {"Key": {name: item[name] for name in ("pk", "sk")}}}
        return part

    return patch


def test_deleted_instead_of_overwritten_turns_come_back(monkeypatch):
    assert_broken("deletion", "a reply in a deleted conversation", monkeypatch, deleting("MESSAGE#"))


def test_deleted_instead_of_marked_records_come_back(monkeypatch):
    assert_broken("deletion", "was deleted before", monkeypatch, deleting("RECORD"))


def test_counting_by_addition_counts_twice(monkeypatch):
    def patch(request):
        operation, parameters = request
        if beginning(parameters) == "SET #count":
            expression = parameters["UpdateExpression"].replace("#count = :number, ", "") + " ADD #count :one"
            condition = "attribute_not_exists(is_gone)"
            values = parameters["ExpressionAttributeValues"] | {":one": {"N": "1"}}
            parameters = parameters | {
                "UpdateExpression": expression,
                "ConditionExpression": condition,
                "ExpressionAttributeValues": values,
            }
        return operation, parameters

    assert_broken("twice", "counts too many", monkeypatch, patch)


def test_asking_before_the_record_answers_a_deleted_conversation(monkeypatch):
    complete, record = turns.complete, conversations.record_message

    def complete_and_record(current, answered, seconds_left):
        completed = complete(current, answered, seconds_left)
        record(current, answered.message, 2)
        return completed

    monkeypatch.setattr(turns, "complete", complete_and_record)
    monkeypatch.setattr(conversations, "record_message", lambda *_, **__: True)
    assert_broken("deletion", "was deleted before", monkeypatch)


def test_attempts_without_a_limit_are_more_than_five(monkeypatch):
    monkeypatch.setattr(turn, "ATTEMPTS_MAX", 99)
    assert_broken("twice, fails", "more than five attempts", monkeypatch)


def test_holder_that_does_not_know_itself_blocks_itself(monkeypatch):
    resume = turn.resume

    def forgetful(stored, message, own, at):
        return resume(stored, message, turn.Lease("", own.until), at)

    monkeypatch.setattr(turn, "resume", forgetful)
    assert_broken("twice", "stood in its own way", monkeypatch)


def test_ignored_lease_invokes_a_target_twice_at_once(monkeypatch):
    resume = turn.resume
    monkeypatch.setattr(turn, "resume", lambda stored, message, own, at: resume(stored, message, own, own.until))
    assert_broken("twice", "no longer held", monkeypatch)


def test_log_that_forgets_pays_twice(monkeypatch):
    find = message_log.find
    monkeypatch.setattr(message_log, "find", lambda log, message_id: find(log[-13:], message_id))
    assert_broken("two", "paid for twice", monkeypatch)


def test_two_sessions_under_one_key_collide(monkeypatch):
    place = turn_items.place
    monkeypatch.setattr(turn_items, "place", lambda conversation_id, at, _: place(conversation_id, at, ""))
    assert_broken("two sessions", "a2 sent again: message_id_taken", monkeypatch)


def test_two_sessions_under_one_count_lose_messages(monkeypatch):
    def patch(request):
        operation, parameters = request
        if beginning(parameters) == "SET #count":
            names = parameters["ExpressionAttributeNames"] | {"#count": "count_"}
            parameters = parameters | {"ExpressionAttributeNames": names}
        return operation, parameters

    assert_broken("two sessions", "counts too few", monkeypatch, patch)


def test_reservation_without_a_name_spends_more_than_it_holds(monkeypatch):
    """A plain addition, which our client repeats if its response is lost."""

    def patch(request):
        operation, parameters = request
        if beginning(parameters) in {"SET #reserved", "REMOVE #reserved"}:
            added = parameters["UpdateExpression"].partition(" ADD ")[2]
            parameters = parameters | {"UpdateExpression": f"ADD {added}", "ConditionExpression": ""}
        return operation, parameters

    assert_broken("dollars", "more was spent than is held", monkeypatch, patch)


def test_settling_before_the_target_spends_more_than_is_held(monkeypatch):
    reserve = daily_budgets.reserve

    def settled_at_once(*arguments, **more):
        reservation = reserve(*arguments, **more)
        daily_budgets.settle(reservation, 0)
        return reservation

    monkeypatch.setattr(daily_budgets, "reserve", settled_at_once)
    assert_broken("dollars", "more was spent than is held", monkeypatch)


def test_reserving_after_the_target_spends_more_than_is_held(monkeypatch):
    reserve, settle = daily_budgets.reserve, daily_budgets.settle

    def later(*arguments, **more):
        return SimpleNamespace(reserve=partial(reserve, *arguments, **more), worst_case=more["worst_case"], held=0)

    def reserve_and_settle(reservation, cost, _seconds_left):
        with suppress(ApiError):
            settle(reservation.reserve(), cost)

    monkeypatch.setattr(daily_budgets, "reserve", later)
    monkeypatch.setattr(daily_budgets, "settle", reserve_and_settle)
    assert_broken("dollars", "more was spent than is held", monkeypatch)


def test_free_price_for_a_paid_failure_spends_more_than_is_held(monkeypatch):
    monkeypatch.setattr(replies, "_cost", lambda *_: 0)
    assert_broken("dollars, any answer", "more was spent than is held", monkeypatch)


def test_worst_price_for_a_free_failure_holds_more_than_was_spent(monkeypatch):
    monkeypatch.setattr(replies, "_cost", lambda target, outcome, worst: worst)
    assert_broken("dollars, any answer", "more is held than was spent", monkeypatch)


def test_unsettled_reservation_stays_open(monkeypatch):
    monkeypatch.setattr(daily_budgets, "settle", lambda *_: None)
    assert_broken("dollars, any answer", "left open", monkeypatch)


@pytest.mark.parametrize("frees", ["held", "withdraw"])
def test_turn_that_nobody_frees_stays_in_progress(frees, monkeypatch):
    monkeypatch.setattr(turns, frees, lambda *_: nullcontext())
    assert_broken("dollars, failures", "left in progress", monkeypatch)


def test_budget_without_a_day_refuses_the_next_day(monkeypatch):
    monkeypatch.setattr(daily_budgets, "key", lambda token_id, at: (f"BUDGET#{token_id}", "DAY#2027-01-31"))
    assert_broken("dollars, midnight", "budget of another day", monkeypatch)


def test_reservation_for_the_day_of_the_reply_spends_more_than_is_held(monkeypatch):
    reserve = daily_budgets.reserve
    monkeypatch.setattr(
        daily_budgets,
        "reserve",
        lambda token_id, lease, *, at, **more: reserve(token_id, lease, at=lease.until, **more),
    )
    assert_broken("dollars, midnight", "more was spent than is held", monkeypatch)


def test_turn_writes_nothing_without_a_condition(monkeypatch):
    """Except a deletion's, which leave the same however often they come."""
    unconditional = set()

    def note(request):
        operation, parameters = request
        if operation in {"PutItem", "UpdateItem"} and "ConditionExpression" not in parameters:
            unconditional.add(beginning(parameters) if operation == "UpdateItem" else "is_gone" in parameters["Item"])
        return request

    Search(SCENARIOS["deletion"], note).run(monkeypatch)
    assert unconditional == {True}


def test_resume_that_ignores_a_lease_invokes_a_target_twice_at_once(monkeypatch):
    go_on = execution.go_on

    def at_once(stored, wanted, outputs, own, at):
        lapsed = stored.lease and replace(stored.lease, until=at)
        return go_on(replace(stored, lease=lapsed), wanted, outputs, own, at)

    monkeypatch.setattr(execution, "go_on", at_once)
    assert_broken("resumed in two tabs", "no longer held", monkeypatch)


def test_resume_that_is_not_counted_is_found(monkeypatch):
    def patch(request):
        operation, parameters = request
        if "resumes = :resumes" in parameters.get("UpdateExpression", ""):
            values = parameters["ExpressionAttributeValues"] | {":resumes": {"N": "0"}}
            parameters = parameters | {"ExpressionAttributeValues": values}
        return operation, parameters

    assert_broken("resumed in two tabs", "was asked 2 times and counted 1", monkeypatch, patch)


def test_pause_that_ends_starts_over_without_its_execution(monkeypatch):
    """A page that is too late meets another execution, or none."""
    monkeypatch.setattr(execution, "_PAUSE", timedelta(seconds=35))
    scenario = Scenario(("a>", "a"), Faults(copies=1, lapses=1), before=("a",), pauses=1)
    assert Search(scenario).run(monkeypatch) > 50


def test_resume_of_another_execution_is_found(monkeypatch):
    """The secret tells the executions of a message apart."""
    monkeypatch.setattr(execution, "_PAUSE", timedelta(seconds=35))
    monkeypatch.setattr(execution.hmac, "compare_digest", lambda *_: True)
    scenario = Scenario(("a>", "a"), Faults(lapses=1), before=("a",), pauses=1)
    with pytest.raises(Violation, match="another execution"):
        Search(scenario, only="another execution").run(monkeypatch)
