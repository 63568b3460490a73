"""What messages and sessions cost the table, in units, as a deployment pays for them."""

import pytest

from infra.tools.scale import operations
from tests.aws.event_stream import function_answer
from tests.aws.network import NETWORK, Answer
from tests.scale.recorder import Recorder

ASSISTANT = "arn:aws:lambda:us-east-1:123456789012:function:assistant"
CONFIG = {"welcomeMessage": "Hello! How can we help?", "theme": {"primaryColor": "#0a7a5c"}}
QUESTION, ANSWER = "x" * 80, "y" * 300
# In ten minutes of the clock, and across their ends: a conversation moves in its token's list at most once in each.
MESSAGES, MINUTES = 40, 1


@pytest.fixture
def units():
    """`units(act)`: what `act()` writes and reads."""
    recorder = Recorder()

    def units(act):
        recorder.operations.clear()
        with recorder.recording("act"):
            assert act().status_code == 200
        touched = operations.parts(operations.parse(recorder.operations["act"]))
        return sum(part.writes + part.index_writes for part in touched), sum(part.reads for part in touched)

    return units


@pytest.fixture
def paid_token(create, register):
    """`paid_token(dailyBudget=1)`: its target costs a tenth of a cent per call, and answers with 300 characters."""

    said = Answer(200, function_answer({"text": ANSWER}))

    def paid_token(**settings):
        made = create(config=CONFIG, maxMessagesPerSession=1000, rateLimitPerMinute=1000, **settings)
        register("flow_echo", "aws_lambda", function_arn=ASSISTANT, call_price="0.001")
        return made

    with NETWORK.hooked(lambda request: said if request.service == "lambda" else None):
        yield paid_token


@pytest.fixture
def converse(page, clock, units):
    """The units of many messages of one conversation, one per minute."""

    def converse(token):
        session = page.open(token.value)
        spent = []
        for _ in range(MESSAGES):
            spent.append(units(lambda: page.say(session, QUESTION)))
            clock.forward(minutes=MINUTES)
        return spent

    return converse


@pytest.mark.parametrize(("budget", "more_writes"), [(None, 0), (1, 2)])
def test_message_costs_six_write_units_on_average_and_seven_at_most(paid_token, converse, budget, more_writes):
    """Of any ten messages in ten minutes. A daily budget adds two."""
    writes = [written for written, _ in converse(paid_token(dailyBudget=budget))]
    assert max(writes) <= 7 + more_writes
    assert max(sum(writes[start : start + 10]) for start in range(MESSAGES - 9)) <= 10 * (6 + more_writes)


@pytest.mark.parametrize("budget", [None, 1])
def test_message_reads_four_units_and_a_budget_one_more(create, register, converse, budget):
    """Without history, which takes a unit per 4 KB."""
    token = create(rateLimitPerMinute=1000, dailyBudget=budget)
    register("flow_echo", call_price="0")
    assert max(read for _, read in converse(token)) <= 4 + bool(budget)


def test_conversation_with_long_pauses_costs_seven_write_units(page, paid_token, clock, units):
    """Each of its messages moves it in the list, and leaves to others what can wait."""
    session = page.open(paid_token(sessionIdleTimeoutMinutes=1440).value)
    for _ in range(10):
        assert units(lambda: page.say(session, QUESTION))[0] <= 7
        clock.forward(minutes=11)


@pytest.mark.parametrize("number", range(1, 12))
def test_retry_costs_no_more_than_its_message(page, paid_token, clock, crash_after, units, number):
    """Wherever the first attempt broke off."""
    session = page.open(paid_token(sessionIdleTimeoutMinutes=1440).value)
    page.say(session, QUESTION)
    clock.forward(minutes=11)

    def send():
        return page.say(session, QUESTION, message_id="usr_1")

    with crash_after(number):
        send()
    clock.forward(minutes=1)
    assert units(send)[0] <= 7
    assert units(send)[0] == 1, "once it is answered"


def test_session_costs_two_write_and_three_read_units(page, paid_token, clock, units):
    """New, resumed, or after an earlier one has ended. The first in ten minutes of a token records its use."""
    token = paid_token()
    assert units(lambda: page.init(token.value))[0] == 3
    assert units(lambda: page.init(token.value)) == (2, 2.5)
    session = page.open(token.value)
    page.say(session, QUESTION)
    for minutes in (1, 20, 45, 5000):
        clock.forward(minutes=minutes)
        assert units(lambda: page.init(token.value, sessionId=session)) == (2, 3)
    clock.forward(minutes=10)
    assert units(lambda: page.init(token.value))[0] == 3


def test_history_adds_two_write_units_per_move_and_one_read_unit(page, paid_token, clock, units):
    """The conversation of a returning visitor moves in a second list, at most once in ten minutes."""
    session = page.open(paid_token().value, visitorHistory=True)
    spent = []
    for _ in range(MESSAGES):
        spent.append(units(lambda: page.say(session, QUESTION)))
        clock.forward(minutes=MINUTES)
    writes = [written for written, _ in spent]
    assert max(writes) <= 7 + 2
    assert max(sum(writes[start : start + 10]) for start in range(MESSAGES - 9)) <= 10 * 6 + 2
    # Without the messages before it, which take a unit per 4 KB.
    assert spent[0][1] <= 4 + 1
