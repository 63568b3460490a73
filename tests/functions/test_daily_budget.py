"""A token's daily budget: the bill has a ceiling that holds, and nobody in the browser sees it."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from shared.store import table
from shared.store.attributes import serialize
from tests.aws.event_stream import event, function_answer
from tests.aws.network import NETWORK, Answer, refusal
from tests.functions.conftest import MODEL
from tests.functions.interruptions import Crash
from tests.functions.page import ORIGIN, assert_interrupted, assert_refused, events, reply
from tests.functions.stored import messages, spent
from tests.targets import chat_completions

ASSISTANT = "arn:aws:lambda:us-east-1:123456789012:function:assistant"
CALL = {"call_price": "0.1"}
DAY_LEFT = 12 * 3600
# Of a session's first message: the history, the reservation, the target, and the settlement beside test_turns.CALLS.
CALLS = 13


@pytest.fixture
def paid(register):
    """The flow's target costs a dime per call. Returns the list of its invocations."""
    register("flow_echo", "aws_lambda", function_arn=ASSISTANT, **CALL)
    asked = []

    def respond(request):
        if request.service == "lambda":
            asked.append(request.parameters)
            return Answer(200, function_answer({"text": "Hi there"}))
        return None

    with NETWORK.hooked(respond):
        yield asked


def _breaks(request, said, fault):
    return Answer(200, said, then=fault) if request.service == "lambda" else None


def held(token):
    (item,) = table.query("pk = :pk", {":pk": f"BUDGET#{token.id}"}, at=None)
    return item["held"], [name for name in item if name.startswith("reserved_")]


@pytest.fixture
def token(create):
    return create(dailyBudget=0.25)


def test_429_once_the_daily_budget_is_spent(page, token, paid, clock):
    session = page.open(token.value)
    assert [reply(page.say(session)) for _ in range(2)] == ["Hi there"] * 2
    answer = page.say(session, message_id="usr_late")
    assert_refused(answer, 429, "budget_exhausted")
    assert DAY_LEFT - 1 <= int(answer.headers["Retry-After"]) <= DAY_LEFT + 1
    assert len(paid) == 2
    # It is neither stored nor paid for.
    assert (spent(session), len(messages(session))) == (2, 4)
    for _ in range(6):
        assert_refused(page.say(session, message_id="usr_late"), 429, "budget_exhausted")
        clock.forward(minutes=1)
    # The refusals were no attempts. On the next day the same message is answered.
    token.change(sessionIdleTimeoutMinutes=1440)
    clock.forward(minutes=-6)
    page.open(token.value, sessionId=session)
    clock.forward(seconds=int(answer.headers["Retry-After"]))
    assert reply(page.say(session, message_id="usr_late")) == "Hi there"
    assert len(paid) == 3


def test_concurrent_messages_never_exceed_the_budget(page, create, paid):
    token = create(dailyBudget=0.5, rateLimitPerMinute=100)
    sessions = [page.open(token.value) for _ in range(12)]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(page.say, sessions))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429] * 7
    assert len(paid) == 5
    assert held(token) == (5 * 10**11, [])


def test_table_keeps_what_was_spent_to_the_end_of_the_day(page, token, paid, clock):
    clock.held = clock.held.replace(hour=0, minute=0, second=0)
    page.say(page.open(token.value))
    (item,) = table.query("pk = :pk", {":pk": f"BUDGET#{token.id}"}, at=None)
    assert item["expires_at"] >= (clock.held + timedelta(days=1)).timestamp()


def test_unused_part_of_a_reservation_is_released(page, create, register, endpoint):
    """The most that the tokens can cost is reserved, and the cost of those that were used is booked."""
    prices = {"input_price": "1", "output_price": "2"}
    register("flow_echo", "openai", base_url=endpoint.url, model="m", max_tokens=100, **prices)
    token = create(dailyBudget=1)
    assert reply(page.say(page.open(token.value))) == "Yes, we do."
    amount, reservations = held(token)
    assert 0 < amount < 10**9
    assert reservations == []


@pytest.mark.parametrize(
    ("status", "code", "kept"), [(500, "ServiceException", 1), (404, "ResourceNotFoundException", 0)]
)
def test_failed_answer_costs_its_worst_case_unless_it_is_free(page, create, register, status, code, kept):
    register("flow_echo", "aws_lambda", function_arn=ASSISTANT, **CALL)
    token = create(dailyBudget=0.25)
    register("flow_echo", "aws_lambda", function_arn=ASSISTANT, **CALL)
    refused = Answer(status, {"Message": "no"}, {"X-Amzn-ErrorType": code})
    with NETWORK.hooked(lambda request: refused if request.service == "lambda" else None):
        assert page.say(page.open(token.value)).status_code == 502
    amount, reservations = held(token)
    assert (amount, reservations) == (kept * 10**11, [])


@pytest.mark.parametrize("fault", [MemoryError(), KeyError("bug"), RecursionError()], ids=repr)
def test_any_fault_after_the_target_was_asked_costs_its_worst_case(page, create, register, fault):
    register("flow_echo", "aws_lambda", function_arn=ASSISTANT, **CALL)
    token = create(dailyBudget=0.25)
    register("flow_echo", "aws_lambda", function_arn=ASSISTANT, response="text", **CALL)
    session = page.open(token.value)
    for said, number in ((b"", 1), (event("PayloadChunk", b"Hi"), 2)):
        with NETWORK.hooked(lambda request, said=said: _breaks(request, said, fault)):
            answer = page.say(session, message_id="usr_1")
        if said:
            assert_interrupted(answer, "internal_error")
        else:
            assert_refused(answer, 500, "internal_error")
        assert held(token) == (number * 10**11, [])


@pytest.mark.parametrize("fault", [MemoryError(), KeyError("bug"), ConnectionRefusedError()], ids=repr)
def test_any_fault_before_the_target_is_asked_costs_nothing(page, token, paid, fault):
    session = page.open(token.value)

    def fail(request):
        if request.operation == "Query":
            raise fault

    with NETWORK.hooked(fail):
        for _ in range(4):
            assert page.say(session, message_id="usr_1").status_code in {500, 503}
    assert (held(token), paid) == ((0, []), [])
    assert reply(page.say(session, message_id="usr_1")) == "Hi there"


def test_fault_in_settling_does_not_reach_a_complete_answer(page, token, paid):
    """The reservation stays: errors are on the safe side."""
    session = page.open(token.value)
    with NETWORK.hooked(lambda request: _fail() if "REMOVE #reserved" in str(request.parameters) else None):
        answer = page.say(session)
    assert [name for name, _ in events(answer)][-1] == "execution_complete"
    assert reply(answer) == "Hi there"
    amount, reservations = held(token)
    assert (amount, len(reservations)) == (10**11, 1)


def test_crash_after_a_reservation_leaves_it_until_the_day_ends(page, token, paid, at_call):
    session = page.open(token.value)
    page.say(session)
    at_call(9, _crash)
    with pytest.raises(Crash):
        page.say(session)
    amount, reservations = held(token)
    assert (amount, len(reservations)) == (2 * 10**11, 1)
    assert_refused(page.say(session), 429, "budget_exhausted")


def test_429_for_a_moment_while_answers_hold_the_rest(page, create, register, output):
    """Nearly nothing is spent, so nobody is told to come back tomorrow."""
    register("flow_echo", "aws_lambda", function_arn=ASSISTANT, **CALL)
    token = create(dailyBudget=0.1)
    first, second = page.open(token.value), page.open(token.value)
    refused = []

    def respond(request):
        if request.service != "lambda":
            return None
        refused.append(page.say(second))
        return Answer(404, {"Message": "no"}, {"X-Amzn-ErrorType": "ResourceNotFoundException"})

    with NETWORK.hooked(respond):
        page.say(first)
    (answer,) = refused
    body = assert_refused(answer, 429, "budget_exhausted")
    assert "moment" in body["error"]
    assert int(answer.headers["Retry-After"]) <= 10
    assert '"BudgetsExhausted"' not in output()


def test_429_until_tomorrow_once_a_crashed_answer_holds_the_rest(page, create, register, clock):
    register("flow_echo", "aws_lambda", function_arn=ASSISTANT, **CALL)
    token = create(dailyBudget=0.1)
    session = page.open(token.value)
    with NETWORK.hooked(lambda request: _crash() if request.service == "lambda" else None), pytest.raises(Crash):
        page.say(session)
    assert int(page.say(session, message_id="usr_soon").headers["Retry-After"]) <= 10
    clock.forward(minutes=6)
    assert int(page.say(session, message_id="usr_later").headers["Retry-After"]) > 3600


def test_declined_answer_costs_what_it_used(page, create, register, endpoint):
    endpoint.streams(*chat_completions.answer(finish_reason="content_filter"))
    prices = {"input_price": "1", "output_price": "2"}
    register("flow_echo", "openai", base_url=endpoint.url, model="m", max_tokens=100, **prices)
    token = create(dailyBudget=1)
    assert_refused(page.say(page.open(token.value)), 400, "target_declined")
    assert held(token) == ((12 * 1 + 3 * 2) * 10**6, [])


def test_complete_answer_costs_what_it_used_even_if_storing_it_fails(page, create, register, endpoint):
    endpoint.streams(*chat_completions.answer("Hi"))
    register("flow_echo", "openai", base_url=endpoint.url, model="m", max_tokens=100, input_price="1", output_price="2")
    token = create(dailyBudget=1)
    session = page.open(token.value)
    fault = Answer(500, {"message": "no"}, {"X-Amzn-ErrorType": "InternalServerError"})
    with NETWORK.hooked(lambda request: fault if "SET reply" in str(request.parameters) else None):
        assert [name for name, _ in events(page.say(session))][-1] == "execution_error"
    assert held(token) == ((12 * 1 + 3 * 2) * 10**6, [])


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, CALLS + 2))
def test_crash_at_any_call_books_what_was_paid(page, token, paid, clock, at_call, number, when):
    session = page.open(token.value)
    is_first, crashed = True, []

    def crash():
        if is_first:
            crashed.append(number)
            raise Crash

    at_call(number, crash, when)
    with contextlib.suppress(Crash):
        page.say(session, message_id="usr_1")
    is_first = False
    # The hook that answers for the target is before the one that crashes.
    assert bool(crashed) is (number <= CALLS - (when == "before"))
    _assert_booked(token, paid)
    # Sent again after the lease has ended, it is answered at most at its price, or refused.
    clock.forward(minutes=6)
    assert reply(page.say(session, message_id="usr_1")) == "Hi there"
    _assert_booked(token, paid)


def _assert_booked(token, paid):
    items = [*table.query("pk = :pk", {":pk": f"BUDGET#{token.id}"}, at=None)]
    amount = sum(item["held"] for item in items)
    reserved = sum(value for item in items for name, value in item.items() if name.startswith("reserved_"))
    assert amount - reserved <= len(paid) * 10**11 <= amount <= 25 * 10**10


@pytest.mark.parametrize("prices", [{}, {"call_price": "0.3"}])
def test_502_when_no_budget_can_hold_an_answer(page, token, register, paid, output, prices):
    register("flow_echo", "aws_lambda", function_arn=ASSISTANT, **prices)
    session = page.open(token.value)
    body = assert_refused(page.say(session), 502, "target_failed")
    # As of any target that fails. Only the log says why.
    assert "hint" not in body
    assert "udget" not in str(body)
    assert '"error":"BudgetNotEnforceable"' in output()
    assert (paid, messages(session), spent(session)) == ([], [], 0)


def test_owner_sees_budget_and_spending_and_no_page_does(api, page, token, paid):
    assert token.record()["spentToday"] == 0
    opened = page.init(token.value)
    said = page.say(opened.json["sessionId"])
    assert (token.record()["dailyBudget"], token.record()["spentToday"]) == (0.25, 0.1)
    assert "udget" not in opened.text + said.text
    token.change(dailyBudget=None)
    assert token.record()["dailyBudget"] is None
    assert "spentToday" not in token.record()


@pytest.mark.parametrize(
    ("kind", "settings", "warning"),
    [
        ("echo", {}, "unpriced_target"),
        ("echo", CALL, None),
        ("aws_lambda", {"function_arn": ASSISTANT, "input_price": "1"}, "unpriced_target"),
        ("aws_lambda", {"function_arn": ASSISTANT, "call_price": "5.000001"}, "daily_budget_too_small"),
        ("aws_lambda", {"function_arn": ASSISTANT, "call_price": "5", "attachments": 1}, None),
        ("bedrock", {"model_id": MODEL, "output_price": "1", "attachments": 1}, "unpriced_target"),
        ("bedrock", {"model_id": MODEL, "output_price": "1000", "max_tokens": 8192}, "daily_budget_too_small"),
        ("bedrock", {"model_id": MODEL, "output_price": "1"}, None),
    ],
)
def test_warning_where_the_budget_can_hold_no_answer(api, page, register, output, kind, settings, warning):
    """As chat then answers."""
    register("flow_echo", kind, **settings)
    fields = {"name": "n", "allowedOrigins": [ORIGIN], "flowIds": ["flow_echo"], "dailyBudget": 5}
    created = api.post("/v1/client-tokens", fields).json
    assert [one["type"] for one in created["warnings"]] == [warning] * bool(warning)
    path = f"/v1/client-tokens/{created['clientToken']['id']}"
    assert [one["type"] for one in api.put(path, {"name": "m"}).json["warnings"]] == [warning] * bool(warning)
    absent = Answer(404, {"Message": "no"}, {"X-Amzn-ErrorType": "ResourceNotFoundException"})
    with NETWORK.hooked(lambda request: absent if request.service in {"lambda", "bedrock-runtime"} else None):
        page.say(page.open(created["token"]))
    assert ("BudgetNotEnforceable" in output()) is bool(warning)
    assert api.put(path, {"dailyBudget": None}).json["warnings"] == []


@pytest.mark.parametrize("value", [0, 0.009, -1, 100_000.5, 1.0000001, "5", True, []])
def test_400_value_that_is_no_budget(api, value):
    body = {"name": "n", "allowedOrigins": ["https://app.example.com"], "dailyBudget": value}
    answer = api.post("/v1/client-tokens", body)
    assert (answer.status_code, answer.json["details"][0]["path"]) == (400, "dailyBudget")


def test_metrics_at_80_and_100_percent(page, token, paid, output):
    session = page.open(token.value)
    counts = []
    for _ in range(3):
        page.say(session)
        logged = output()
        counts.append((logged.count('"BudgetsNearlySpent":[1.0]'), logged.count('"BudgetsExhausted":[1.0]')))
    assert counts == [(0, 0), (1, 0), (0, 1)]
    assert messages(session)[-1][2] == "Hi there"


def test_refusal_of_the_reservation_is_counted(page, token, paid, output):
    """Another message has spent the budget between the first look at it and the reservation."""
    session = page.open(token.value)
    output()

    def spend(request):
        if request.operation == "UpdateItem" and ":worst_case" in request.parameters["ExpressionAttributeValues"]:
            return refusal("ConditionalCheckFailedException", Item=serialize({"held": 25 * 10**10}))
        return None

    with NETWORK.hooked(spend):
        assert_refused(page.say(session), 429, "budget_exhausted")
    assert (paid, output().count('"BudgetsExhausted":[1.0]')) == ([], 1)


def test_nearly_spent_counts_spending_once_and_no_reservation(page, create, register, endpoint, output):
    """Each answer reserves 0.034 dollars, and costs what it used."""
    register("flow_echo", "openai", base_url=endpoint.url, model="m", max_tokens=100, input_price="1", output_price="0")
    session = page.open(create(dailyBudget=0.2).value)
    counts = []
    for tokens in (34_000, 34_000, 34_000, 34_000, 12, 12, 25_000, 12, 12):
        endpoint.streams(*chat_completions.answer("Yes.")[:-2], chat_completions.usage(tokens), chat_completions.DONE)
        assert reply(page.say(session)) == "Yes."
        counts.append(output().count('"BudgetsNearlySpent":[1.0]'))
    assert counts == [0, 0, 0, 0, 0, 0, 1, 0, 0]


def test_nearly_spent_counts_once_for_concurrent_messages(page, create, paid, output):
    token = create(dailyBudget=1, rateLimitPerMinute=100)
    sessions = [page.open(token.value) for _ in range(10)]
    with ThreadPoolExecutor(10) as pool:
        assert {answer.status_code for answer in pool.map(page.say, sessions)} == {200}
    assert output().count('"BudgetsNearlySpent":[1.0]') == 1


def _fail():
    raise ValueError


def _crash():
    raise Crash
