"""A message is stored, paid for and answered once, however often it arrives and wherever its turn breaks off."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.rules.answer import Ending, SuggestedReply, Usage
from shared.store import conversation_deletion, targets, turn_items
from tests.aws.event_stream import function_answer
from tests.aws.in_memory import STACK
from tests.aws.network import NETWORK, Answer
from tests.functions.interruptions import Crash
from tests.functions.page import assert_interrupted, assert_refused, events, reply
from tests.functions.stored import beside, left, messages, spent

ONCE = [("user", "usr_1", "Hello"), ("assistant", "ast_1", "You said: Hello")]
# The session; token and usage; the attempt is counted; the target; the session accepts; the turn; the record; the
# conversation is counted; the reply.
CALLS = [
    "GetItem",
    "BatchGetItem",
    *["UpdateItem", "GetItem"],
    *["UpdateItem", "PutItem", "UpdateItem", "UpdateItem", "UpdateItem"],
]
ACCEPTING, BEGINNING, COUNTING, ENDING = 5, 6, 8, 9
# The turn is read, then its target. It is taken over in the sixth call.
RESUMING = [*CALLS[:4], "GetItem", *["UpdateItem"] * 4]
# Until Lambda has ended the function, and a second more.
LEASE_SECONDS = STACK.functions["Chat"].timeout + 1
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


def test_how_an_answer_ended_is_stored_with_the_reply(page, session, register):
    register("flow_echo", "aws_lambda", function_arn=GONE.removesuffix("-gone"))
    said = {
        "text": "Hi there",
        "usage": {"inputTokens": 12, "outputTokens": 3},
        "stopReason": "length",
        "suggestions": [{"label": "Tea 🍵", "prompt": "Which tea?"}],
    }

    def respond(request):
        return Answer(200, function_answer(said)) if request.service == "lambda" else None

    with NETWORK.hooked(respond):
        answer = page.say(session, message_id="usr_1")
    (stored,) = [turn_items.from_item(item) for item in beside(session, "MESSAGE#")]
    assert stored.ending == Ending(
        stop_reason="length",
        usage=Usage(input_tokens=12, output_tokens=3),
        suggestions=(SuggestedReply(label="Tea 🍵", prompt="Which tea?"),),
    )
    repeated = page.say(session, message_id="usr_1")
    assert "tool_start" in answer.text
    assert [name for name, _ in events(repeated)] == [name for name, _ in events(answer)]


def test_409_while_the_message_is_being_answered(send, at_call, assert_once):
    meanwhile = []
    at_call(ENDING, lambda: meanwhile.append(send()))
    assert send().status_code == 200
    body = assert_refused(meanwhile[0], 409, "in_progress")
    assert "being answered" in body["error"]
    assert meanwhile[0].headers["Retry-After"] == "2"
    assert meanwhile[0].headers["RateLimit-Limit"] == "10"
    assert_once()


@pytest.mark.parametrize("budget", [1, 100])
@pytest.mark.parametrize("number", [ACCEPTING, BEGINNING])
def test_200_concurrent_duplicates_get_one_reply(token, send, at_call, assert_once, budget, number):
    """Even the last one of a budget: what is spent, it has spent itself."""
    token.change(maxMessagesPerSession=budget)
    meanwhile = []
    at_call(number, lambda: meanwhile.append(send()))
    assert reply(send()) == reply(meanwhile[0]) == "You said: Hello"
    assert_once()


def test_502_failed_target_keeps_the_message_for_a_retry(token, send, session, register, assert_once):
    register("flow_echo", "aws_lambda", function_arn=GONE)
    for _ in range(2):
        assert "gone" not in str(assert_refused(send(), 502, "target_failed"))
    assert messages(session) == ONCE[:1]
    # With the reply that is still expected.
    assert token.conversations()[0]["messageCount"] == 2
    register("flow_echo")
    assert reply(send()) == "You said: Hello"
    assert_once()


def test_429_after_five_attempts(send, session, register):
    register("flow_echo", "aws_lambda", function_arn=GONE)
    for _ in range(5):
        assert_refused(send(), 502, "target_failed")
    body = assert_refused(send(), 429, "attempts_exhausted")
    assert body["hint"] == body["error"] == "This message could not be answered. Please write another one."
    register("flow_echo")
    assert_refused(send(), 429, "attempts_exhausted")
    assert spent(session) == 1


def test_404_unregistered_target_stores_and_spends_nothing(api, send, session, register, assert_once):
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
@pytest.mark.parametrize("number", range(1, ENDING + 1), ids=lambda number: f"{number} {CALLS[number - 1]}")
def test_turn_interrupted_by_a_crash_can_be_completed(send, clock, at_call, assert_once, number, when):
    """The function is gone, and frees nothing. Once its lease has ended, nobody can still be at work on it."""
    at_call(number, crash, when)
    with pytest.raises(Crash):
        send()
    answer = send()
    if answer.status_code != 200:
        assert_refused(answer, 409, "in_progress")
        clock.forward(seconds=LEASE_SECONDS)
        answer = send()
    assert reply(answer) == "You said: Hello"
    assert_once()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 7, ENDING], ids=lambda number: f"{number} {CALLS[number - 1]}")
def test_503_turn_interrupted_by_aws_can_be_completed(send, clock, calls, at_call, assert_once, number, when):
    """At once: its function has given it back, even where it does not know whether AWS has begun it."""
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
    assert reply(send()) == "You said: Hello"
    assert_once()


def test_failure_before_the_target_is_not_an_attempt(send, assert_once):
    def fail_at_record(request):
        if request.parameters.get("UpdateExpression", "").startswith("SET #count"):
            fail()

    with NETWORK.hooked(fail_at_record):
        for _ in range(6):
            assert_refused(send(), 503, "unavailable")
    assert reply(send()) == "You said: Hello"
    assert_once()


@pytest.mark.parametrize("operation", ["BatchGetItem", "UpdateItem", "PutItem"])
def test_200_lost_response_of_aws_changes_nothing(send, lost_answers, assert_once, operation):
    with lost_answers(operation):
        assert reply(send()) == "You said: Hello"
    assert_once()


def test_abandoned_turn_is_taken_over_once_after_its_lease(send, clock, calls, at_call, assert_once):
    at_call(ENDING, crash)
    with pytest.raises(Crash):
        send()
    clock.forward(seconds=LEASE_SECONDS, milliseconds=-1)
    assert_refused(send(), 409, "in_progress")
    clock.forward(milliseconds=1)
    meanwhile = []
    at_call(BEGINNING, lambda: meanwhile.append(send()))
    calls.clear()
    assert reply(send()) == reply(meanwhile[0]) == "You said: Hello"
    assert calls == [*RESUMING[:BEGINNING], *RESUMING]
    assert_once()


def test_first_of_two_replies_is_stored_and_both_read_it(send, clock, at_call, assert_once):
    """The slower function finds its turn taken over and answered."""
    meanwhile = []

    def overtake():
        clock.forward(seconds=LEASE_SECONDS)
        meanwhile.append(send())

    at_call(ENDING, overtake)
    assert reply(send()) == reply(meanwhile[0]) == "You said: Hello"
    assert_once()


def test_conversation_deleted_during_the_reply_stays_deleted(api, token, send, clock, at_call):
    is_about_to_be_stored, is_deleted = threading.Event(), threading.Event()

    def wait():
        is_about_to_be_stored.set()
        assert is_deleted.wait(TIMEOUT_SECONDS)

    at_call(ENDING, wait)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(send)
        assert is_about_to_be_stored.wait(TIMEOUT_SECONDS)
        (conversation,) = token.conversations()
        conversation_deletion.delete(api.tenant, conversation["id"], at=clock.held)
        is_deleted.set()
    assert reply(answer.result()) == "You said: Hello"
    assert left(conversation["id"]) == []


def test_message_times_increase_despite_clock_skew(page, session, clock):
    """Several in one millisecond, and behind another machine's clock."""
    for number in range(6):
        clock.forward(milliseconds=-number)
        assert page.say(session, str(number)).status_code == 200
    assert [text for _, _, text in messages(session)] == [t for n in range(6) for t in (str(n), f"You said: {n}")]
    stored = [turn_items.from_item(item) for item in beside(session, "MESSAGE#")]
    times = [part.at for turn in stored for part in (turn.message, turn.reply)]
    assert times == sorted(set(times))
    assert len(times) == 12


def test_late_reply_does_not_reset_its_conversation(page, token, session, send, clock, register):
    register("flow_echo", "aws_lambda", function_arn=GONE)
    send()
    register("flow_echo")
    clock.forward(minutes=1)
    page.say(session, "Still there?")
    before = token.conversations()[0]
    clock.forward(minutes=1)
    assert reply(send()) == "You said: Hello"
    after = token.conversations()[0]
    assert after == before
    assert after["messageCount"] == 4
    assert after["updatedAt"] == "2027-01-31T12:01:00.250Z"
