"""A message is stored, paid for and answered once, however often it arrives and wherever its turn breaks off."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.store import conversation_deletion, table, targets
from tests.functions.interruptions import Crash
from tests.functions.page import assert_interrupted, assert_refused, reply
from tests.functions.stored import beside, messages, spent

ONCE = [("user", "usr_1", "Hello"), ("assistant", "ast_1", "You said: Hello")]
CALLS = ["GetItem", "BatchGetItem", "UpdateItem", "GetItem", "TransactWriteItems", "TransactWriteItems"]
BEGINNING, ENDING = 5, 6
# Only a run that is about to fail waits as long.
TIMEOUT_SECONDS = 60
GONE = "arn:aws:lambda:us-east-1:123456789012:function:assistant-gone"


@pytest.fixture
def session(page, token):
    return page.open(token.value)


@pytest.fixture
def send(page, session):
    """Sends the same message, each time it is called."""
    return lambda text="Hello": page.say(session, text, message_id="usr_1", assistantMessageId="ast_1")


@pytest.fixture
def assert_once(token, session):
    """The message is there once, with its answer, paid for once, in one conversation."""

    def assert_once():
        assert messages(session) == ONCE
        assert spent(session) == 1
        (conversation,) = token.conversations()
        assert conversation["messageCount"] == 2
        assert token.record()["conversationCount"] == 1

    return assert_once


def test_retried_message_gets_the_stored_reply(token, send, calls, register, assert_once):
    """Whatever has become of the target, and of the budget."""
    token.change(maxMessagesPerSession=1)
    assert reply(send()) == "You said: Hello"
    register("flow_echo", "aws_lambda", function_arn=GONE)
    calls.clear()
    assert reply(send()) == "You said: Hello"
    assert calls == ["GetItem", "BatchGetItem", "UpdateItem", "GetItem"]
    assert reply(send("Hello, with other words")) == "You said: Hello"
    assert_once()


def test_409_a_message_that_arrives_while_it_is_being_answered(send, at_call, assert_once):
    meanwhile = []
    at_call(ENDING, lambda: meanwhile.append(send()))
    assert send().status_code == 200
    body = assert_refused(meanwhile[0], 409, "in_progress")
    assert "being answered" in body["error"]
    assert meanwhile[0].headers["Retry-After"] == "2"
    assert meanwhile[0].headers["RateLimit-Limit"] == "10"
    assert_once()


@pytest.mark.parametrize("budget", [1, 100])
def test_409_a_message_that_arrives_twice_at_once(token, send, at_call, assert_once, budget):
    """Even the last one of a budget: what is spent, it has spent itself."""
    token.change(maxMessagesPerSession=budget)
    meanwhile = []
    at_call(BEGINNING, lambda: meanwhile.append(send()))
    assert_refused(send(), 409, "in_progress")
    assert meanwhile[0].status_code == 200
    assert_once()


def test_502_a_target_that_fails_keeps_the_message_for_the_next_time(token, send, session, register, assert_once):
    register("flow_echo", "aws_lambda", function_arn=GONE)
    for _ in range(2):
        assert "gone" not in str(assert_refused(send(), 502, "target_failed"))
    assert messages(session) == ONCE[:1]
    assert token.conversations()[0]["messageCount"] == 1
    register("flow_echo")
    assert reply(send()) == "You said: Hello"
    assert_once()


def test_429_after_five_failed_attempts_at_one_message(send, session, register):
    register("flow_echo", "aws_lambda", function_arn=GONE)
    for _ in range(5):
        assert_refused(send(), 502, "target_failed")
    body = assert_refused(send(), 429, "attempts_exhausted")
    assert body["hint"] == body["error"] == "This message could not be answered. Please write another one."
    register("flow_echo")
    assert_refused(send(), 429, "attempts_exhausted")
    assert spent(session) == 1


def test_404_without_a_target_nothing_is_stored_or_paid_for(api, send, session, register, assert_once):
    targets.remove(targets.get(api.tenant, "flow_echo"))
    assert_refused(send(), 404, "target_not_found")
    register("flow_echo", "a kind of tomorrow")
    assert_refused(send(), 404, "target_not_found")
    assert (messages(session), spent(session)) == ([], 0)
    register("flow_echo")
    assert reply(send()) == "You said: Hello"
    assert_once()


def test_retry_with_other_text_gets_the_stored_reply(send, register, assert_once):
    register("flow_echo", "aws_lambda", function_arn=GONE)
    send("Hello")
    register("flow_echo")
    assert reply(send("Something else")) == "You said: Hello"
    assert_once()


def crash():
    raise Crash


def fail():
    raise ConnectionRefusedError


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 7), ids=lambda number: f"{number} {CALLS[number - 1]}")
def test_a_turn_that_a_crash_broke_off_succeeds_when_it_is_sent_again(send, clock, at_call, assert_once, number, when):
    """The function is gone, and frees nothing. Half a minute later nobody can still be at work on it."""
    at_call(number, crash, when)
    with pytest.raises(Crash):
        send()
    answer = send()
    if answer.status_code != 200:
        assert_refused(answer, 409, "in_progress")
        clock.forward(seconds=30)
        answer = send()
    assert reply(answer) == "You said: Hello"
    assert_once()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 7), ids=lambda number: f"{number} {CALLS[number - 1]}")
def test_503_a_turn_that_aws_broke_off_succeeds_when_it_is_sent_again(
    send, clock, calls, at_call, assert_once, number, when
):
    calls.clear()
    at_call(number, fail, when)
    answer = send()
    if number == ENDING:
        # The target has answered, so its text was sent.
        assert_interrupted(answer, "unavailable")
    else:
        assert_refused(answer, 503, "unavailable")
        assert answer.headers["Retry-After"].isdigit()
    assert calls[:number] == CALLS[:number]
    if (number, when) == (BEGINNING, "after"):
        # It was begun, and its function does not know: it looks as if somebody were at work on it.
        assert_refused(send(), 409, "in_progress")
        clock.forward(seconds=30)
    assert reply(send()) == "You said: Hello"
    assert_once()


@pytest.mark.parametrize("operation", ["BatchGetItem", "UpdateItem", "TransactWriteItems"])
def test_200_a_lost_answer_of_aws_changes_nothing(send, lost_answers, assert_once, operation):
    with lost_answers(operation):
        assert reply(send()) == "You said: Hello"
    assert_once()


def test_abandoned_turn_is_taken_over_once_after_its_lease(send, clock, calls, at_call, assert_once):
    at_call(ENDING, crash)
    with pytest.raises(Crash):
        send()
    clock.forward(seconds=30, milliseconds=-1)
    assert_refused(send(), 409, "in_progress")
    clock.forward(milliseconds=1)
    meanwhile = []
    at_call(BEGINNING, lambda: meanwhile.append(send()))
    calls.clear()
    assert_refused(send(), 409, "in_progress")
    assert reply(meanwhile[0]) == "You said: Hello"
    assert calls == [*CALLS[:BEGINNING], *CALLS]
    assert_once()


def test_of_two_answers_the_first_is_stored_and_both_visitors_read_one(send, clock, at_call, assert_once):
    """A slow invocation finds that its turn was taken over and ended."""
    meanwhile = []

    def overtake():
        clock.forward(seconds=30)
        meanwhile.append(send())

    at_call(ENDING, overtake)
    assert reply(send()) == reply(meanwhile[0]) == "You said: Hello"
    assert_once()


def test_a_conversation_that_is_deleted_while_it_is_answered_stays_deleted(api, token, send, at_call):
    is_about_to_be_stored, is_deleted = threading.Event(), threading.Event()

    def wait():
        is_about_to_be_stored.set()
        assert is_deleted.wait(TIMEOUT_SECONDS)

    at_call(ENDING, wait)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(send)
        assert is_about_to_be_stored.wait(TIMEOUT_SECONDS)
        (conversation,) = token.conversations()
        conversation_deletion.delete(api.tenant, conversation["id"])
        is_deleted.set()
    assert reply(answer.result()) == "You said: Hello"
    assert list(table.query("pk = :pk", {":pk": f"CONVERSATION#{conversation['id']}"})) == []


def test_message_times_increase_despite_clock_skew(page, session, clock):
    """Several in one millisecond, and behind another machine's clock."""
    for number in range(6):
        clock.forward(milliseconds=-number)
        assert page.say(session, str(number)).status_code == 200
    assert [text for _, _, text in messages(session)] == [t for n in range(6) for t in (str(n), f"You said: {n}")]
    times = [item["at"] for item in beside(session, "MESSAGE#")]
    assert times == sorted(set(times))
    assert len(times) == 12


def test_a_late_answer_does_not_set_its_conversation_back(page, token, session, send, clock, register):
    register("flow_echo", "aws_lambda", function_arn=GONE)
    send()
    register("flow_echo")
    clock.forward(minutes=1)
    page.say(session, "Still there?")
    before = token.conversations()[0]
    clock.forward(minutes=1)
    assert reply(send()) == "You said: Hello"
    after = token.conversations()[0]
    assert after == before | {"messageCount": 4}
    assert after["updatedAt"] == "2027-01-31T12:01:00.250Z"
