"""Concurrent requests on one session or token: nothing is spent twice, lost, or miscounted."""

import itertools
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from shared.rules import message_log
from shared.rules.session import parse_id
from shared.store import sessions, table
from tests.aws.network import NETWORK, refusal
from tests.functions.page import Page, assert_refused, reply
from tests.functions.stored import messages, record, spent

THREADS = 16
NOON = datetime(2027, 1, 31, 12, tzinfo=UTC)
AMPLE = {"rateLimitPerMinute": 1000, "rateLimitPerHour": 10_000}


def at_once(work, *arguments):
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, *arguments))


def accept_another(session, message_id):
    """As if another message had been accepted."""
    log = record(session)["message_log"]
    last = message_log.last(log)
    log = message_log.append(log, message_id, last.at + timedelta(milliseconds=2) if last else NOON)
    table.update(sessions.key(parse_id(session).digest), "SET message_log = :log", {":log": log})


def say_until_refused(page, session, most):
    """Sends up to `most` messages until the budget is spent; returns the statuses."""
    statuses = []
    while 429 not in statuses and len(statuses) < most:
        statuses.append(page.say(session, f"{len(statuses)}").status_code)
    return statuses


def test_sixteen_tabs_never_exceed_one_message_budget(page, create):
    token = create(maxMessagesPerSession=100, **AMPLE)
    session = page.open(token.value)
    assert page.say(session).status_code == 200
    # As if eighty more had been sent, which would take a while.
    for number in range(80):
        accept_another(session, f"other {number}")
    assert {page.say(session).status_code for _ in range(7)} == {200}
    left = 100 - 88
    statuses = itertools.chain(*at_once(lambda _: say_until_refused(page, session, 3 * left), range(THREADS)))
    counted = Counter(statuses)
    assert {200, 429} <= counted.keys() <= {200, 409, 429}
    assert counted[200] == left
    assert spent(session) == 100
    ids = [message_id for _, message_id, _ in messages(session)]
    assert len(set(ids)) == len(ids) == 200 - 2 * 80
    (conversation,) = token.conversations()
    assert conversation["messageCount"] == 200
    assert token.record()["conversationCount"] == 1


def test_200_concurrent_messages_are_both_accepted(page, token, at_call):
    session = page.open(token.value)
    meanwhile = []
    at_call(5, lambda: meanwhile.append(page.say(session, "Second")))
    assert page.say(session, "First").status_code == meanwhile[0].status_code == 200
    assert [text for role, _, text in messages(session) if role == "user"] == ["Second", "First"]
    assert spent(session) == 2


@pytest.mark.parametrize("tabs", [2, 10, 60])
def test_writes_grow_linearly_with_concurrent_messages(page, create, calls, tabs):
    session = page.open(create(**AMPLE).value)
    calls.clear()
    with ThreadPoolExecutor(tabs) as pool:
        answers = list(pool.map(lambda _: page.say(session), range(tabs)))
    accepted = Counter(answer.status_code for answer in answers)
    assert {200} <= accepted.keys() <= {200, 409}
    # Each attempt is counted, and tries the session four times at most. Each accepted message is stored, recorded, and
    # answered, and the first is counted.
    assert len(calls.writes()) <= 5 * tabs + 3 * accepted[200] + 1
    assert spent(session) == accepted[200]
    assert {answer.headers["Retry-After"] for answer in answers if answer.status_code == 409} <= {"1"}


def test_409_after_four_lost_races(page, create):
    session = page.open(create(**AMPLE).value)
    numbers = itertools.count(1)

    def another_is_first(request):
        if str(request.parameters.get("ConditionExpression")).startswith("message_log = :before"):
            accept_another(session, f"other {next(numbers)}")

    with NETWORK.hooked(another_is_first):
        answer = page.say(session)
    assert_refused(answer, 409, "conflict")
    assert answer.headers["Retry-After"] == "1"
    assert spent(session) == 4
    assert messages(session) == []


def test_message_sent_by_sixteen_tabs_is_answered_once(page, create):
    token = create(maxMessagesPerSession=1, **AMPLE)
    session = page.open(token.value)
    answers = at_once(lambda _: page.say(session, "Hi", message_id="usr_1"), range(THREADS))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert {reply(answer) for answer in answers if answer.status_code == 200} == {"You said: Hi"}
    assert [text for _, _, text in messages(session)] == ["Hi", "You said: Hi"]
    assert token.record()["conversationCount"] == 1


def test_sixteen_visitors_have_sixteen_conversations(app, page, create):
    token = create(**AMPLE)
    pages = [Page(app, address=f"203.0.113.{number}") for number in range(THREADS)]
    answers = at_once(lambda page: page.say(page.open(token.value)), pages)
    assert [answer.status_code for answer in answers] == [200] * THREADS
    assert token.record()["conversationCount"] == len(token.conversations()) == THREADS


@pytest.fixture
def session(page, token):
    return page.open(token.value)


@pytest.mark.parametrize("partition", ["USAGE#", "SESSION#", "CONVERSATION#"])
def test_200_conversation_is_counted_once_under_contention(page, token, session, busy, partition):
    busy(partition, times=2)
    assert page.say(session).status_code == 200
    assert page.say(session).status_code == 200
    assert spent(session) == 2
    assert token.record()["conversationCount"] == 1
    assert token.conversations()[0]["messageCount"] == 4


THROTTLED = ["ThrottlingException", "ProvisionedThroughputExceededException"]


@pytest.mark.parametrize("code", ["TransactionConflictException", *THROTTLED])
def test_200_busy_usage_counter_does_not_refuse_visitors(page, token, session, clock, busy, code):
    busy("USAGE#", code=code)
    answer = page.say(session)
    assert reply(answer) == "You said: Hello"
    # A use is recorded once in ten minutes.
    clock.forward(minutes=10)
    assert page.say(session).status_code == 200
    assert page.init(token.value).status_code == 200
    assert token.conversations()[0]["messageCount"] == 4


@pytest.mark.parametrize("code", THROTTLED)
def test_503_throttled_session_stores_and_spends_nothing(page, token, session, busy, code):
    busy("SESSION#", code=code)
    assert_refused(page.say(session), 503, "unavailable")
    assert_refused(page.init(token.value, sessionId=session), 503, "unavailable")
    assert messages(session) == []
    assert spent(session) == 0


@pytest.mark.parametrize("code", THROTTLED)
def test_200_reply_is_stored_after_throttled_writes_are_retried(page, session, code):
    """It was paid for. Our client alone would give up after three attempts."""
    attempts = itertools.count(1)

    def throttle(request):
        if request.parameters.get("UpdateExpression", "").startswith("SET reply") and next(attempts) <= 8:
            return refusal(code)
        return None

    with NETWORK.hooked(throttle):
        assert reply(page.say(session)) == "You said: Hello"
    assert next(attempts) > 8
    assert [text for _, _, text in messages(session)] == ["Hello", "You said: Hello"]


def test_200_resumed_session_keeps_the_message_being_sent(page, token, session, at_call):
    said = []
    at_call(4, lambda: said.append(page.say(session)))
    assert page.open(token.value, sessionId=session) == session
    assert spent(session) == 1


def test_busy_token_can_be_deleted(api, token, contended):
    contended("USAGE#", times=20)
    token.delete()
    assert api.get(f"/v1/client-tokens/{token.id}").status_code == 404


def test_409_delete_of_a_contended_token_is_atomic(api, token, contended):
    contended("USAGE#")
    answer = api.delete(f"/v1/client-tokens/{token.id}")
    assert_refused(answer, 409, "conflict")
    assert answer.headers["Retry-After"] == "1"
    assert token.record()["id"] == token.id
