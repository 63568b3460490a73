"""How long a session lasts, what it is bound to, and what happens when its token changes."""

from types import SimpleNamespace

import pytest

from tests.functions import invocations
from tests.functions.page import ORIGIN, Page, assert_refused
from tests.functions.stored import record, spent
from tests.operations import BROWSER, each


def opened(answer):
    assert answer.status_code == 200, answer.text
    return answer.json["sessionId"], answer.json["conversationId"]


def test_returning_page_resumes_its_conversation(page, token, clock):
    session, conversation = opened(page.init(token.value))
    page.say(session)
    clock.forward(minutes=29)
    answer = page.init(token.value, sessionId=session)
    assert opened(answer) == (session, conversation)
    assert answer.json["expiresAt"] == "2027-01-31T12:59:00.250Z"
    assert answer.json["conversationRevision"] == "1.0"
    clock.forward(minutes=29)
    assert page.say(session).status_code == 200
    assert len(token.conversations()) == 1


@pytest.mark.parametrize("minutes", [1, 2, 45])
def test_401_session_ends_exactly_at_its_stated_time(page, create, clock, minutes):
    token = create(sessionIdleTimeoutMinutes=minutes)
    first, second = page.open(token.value), page.open(token.value)
    clock.forward(minutes=max(minutes, 2), milliseconds=-1)
    assert page.say(first).status_code == 200
    clock.forward(milliseconds=1)
    assert_refused(page.say(second), 401, "session_ended")


def test_session_outlasts_an_answer_that_takes_longer_than_its_timeout(page, create, clock, monkeypatch):
    five_minutes = SimpleNamespace(aws_request_id=None, get_remaining_time_in_millis=lambda: 300_000)
    monkeypatch.setattr(invocations, "context", lambda *_: five_minutes)
    session = page.open(create(sessionIdleTimeoutMinutes=2).value)
    assert page.say(session).status_code == 200
    clock.forward(minutes=7)
    assert page.say(session).status_code == 200
    clock.forward(minutes=7, seconds=1)
    assert_refused(page.say(session), 401, "session_ended")


def test_only_accepted_messages_extend_a_session(page, create, clock):
    token = create(sessionIdleTimeoutMinutes=10, maxMessagesPerSession=3)
    session = page.open(token.value)
    for _ in range(3):
        clock.forward(minutes=9)
        assert page.say(session).status_code == 200
    clock.forward(minutes=9)
    assert_refused(page.say(session), 429, "message_limit_reached")
    clock.forward(minutes=1)
    assert_refused(page.say(session), 401, "session_ended")


def test_init_after_expiry_opens_a_new_conversation(page, token, clock):
    before = opened(page.init(token.value))
    page.say(before[0], "Before")
    clock.forward(minutes=30)
    after = opened(page.init(token.value, sessionId=before[0]))
    assert set(before).isdisjoint(after)
    page.say(after[0], "After")
    assert [one["firstMessage"] for one in token.conversations()] == ["After", "Before"]
    assert_refused(page.say(before[0]), 401, "session_ended")


@pytest.mark.parametrize("stale", ["", "x", "cs_gone", "cs_01m85tkcek9dh4b89k1xdr8rvw_" + "a" * 20 + "_" + "b" * 32])
def test_200_unknown_session_id_opens_a_new_session(page, token, stale):
    assert opened(page.init(token.value, sessionId=stale))[0] != stale


def test_200_session_id_of_another_token_opens_a_new_session(page, create):
    first, second = create(), create()
    session = page.open(first.value)
    assert page.open(second.value, sessionId=session) != session
    assert page.open(first.value, sessionId=session) == session


def test_200_session_id_of_another_page_or_target_opens_a_new_one(app, page, create, register):
    register("agent_a")
    token = create(allowedOrigins=[ORIGIN, "https://shop.example.com", "native"], agentIds=["agent_a"])
    session = page.open(token.value)
    assert Page(app, "https://shop.example.com").open(token.value, sessionId=session) != session
    assert Page(app, None).open(token.value, sessionId=session) != session
    assert page.open(token.value, sessionId=session, flowId="agent_a") != session
    assert page.open(token.value, sessionId=session, flowId="flow_echo") == session


@pytest.mark.parametrize("opened_by", [ORIGIN, "https://shop.example.com", "null", None])
def test_401_when_session_is_used_from_another_origin(app, create, calls, opened_by):
    token = create(allowedOrigins=["*", "native"])
    session = Page(app, opened_by).open(token.value)
    message = {"text": "Hello", "message_id": "usr_1"}
    for other in {ORIGIN, "https://shop.example.com", "https://app.example.com:8443", "null", None} - {opened_by}:
        stranger = Page(app, other)
        calls.clear()
        assert assert_refused(stranger.say(session, **message), 401, "session_ended")["hint"]
        # Nothing is counted or spent. Feedback brings a value, for which it is counted.
        assert set(calls) == {"GetItem", "BatchGetItem"}
        assert_refused(stranger.rate(session, token.value), 401, "session_ended")
        assert stranger.open(token.value, sessionId=session) != session
    assert spent(session) == 0
    assert Page(app, opened_by).say(session, **message).status_code == 200
    assert Page(app, opened_by).rate(session, token.value).status_code == 200


@each([operation for operation in BROWSER if operation.name != "InitSession"])
def test_401_each_operation_from_another_allowed_origin(app, page, create, operation):
    token = create(allowedOrigins=[ORIGIN, "https://shop.example.com"])
    opened = page.init(token.value, visitorHistory=True).json
    page.say(opened["sessionId"])
    sent = {"secret": opened["visitor"]["token"], "conversation_id": opened["conversationId"]}
    answer = Page(app, "https://shop.example.com").do(operation, token.value, opened["sessionId"], **sent)
    assert_refused(answer, 401, "session_ended")


def test_401_sessions_end_with_the_value_that_opened_them(page, token):
    session = page.open(token.value)
    new = token.regenerate()
    assert_refused(page.say(session), 401, "session_ended")
    assert_refused(page.init(token.value), 401, "invalid_token")
    assert_refused(page.rate(session, token.value), 401, "invalid_token")
    assert page.open(new, sessionId=session) != session


def test_401_after_the_grace_period_ends(page, token, clock):
    session = page.open(token.value)
    new = token.regenerate(gracePeriodSeconds=600)
    clock.forward(seconds=600, milliseconds=-1)
    late = page.open(token.value)
    assert [page.say(one).status_code for one in (session, late)] == [200, 200]
    assert page.rate(session, token.value).status_code == 200
    clock.forward(milliseconds=1)
    for one in (session, late):
        assert_refused(page.say(one), 401, "session_ended")
    assert_refused(page.init(token.value), 401, "invalid_token")
    assert_refused(page.rate(session, token.value), 401, "invalid_token")
    assert page.say(page.open(new)).status_code == 200


def test_each_grace_period_lasts_to_its_end(page, token, clock):
    """Even if the value is replaced again, with or without a grace period."""
    first, opened = token.value, page.open(token.value)
    second = token.regenerate(gracePeriodSeconds=600)
    third = token.regenerate(gracePeriodSeconds=300)
    fourth = token.regenerate()
    assert_refused(page.init(third), 401, "invalid_token")
    clock.forward(seconds=300, milliseconds=-1)
    assert [page.init(value).status_code for value in (first, second, fourth)] == [200, 200, 200]
    assert page.say(opened).status_code == 200
    clock.forward(milliseconds=1)
    assert_refused(page.init(second), 401, "invalid_token")
    clock.forward(seconds=300, milliseconds=-1)
    assert page.rate(opened, first).status_code == 200
    clock.forward(milliseconds=1)
    assert_refused(page.init(first), 401, "invalid_token")
    assert_refused(page.say(opened), 401, "session_ended")
    assert page.init(fourth).status_code == 200


def test_401_grace_period_of_zero_ends_every_older_value(page, token):
    first, opened = token.value, page.open(token.value)
    second = token.regenerate(gracePeriodSeconds=600)
    third = token.regenerate(gracePeriodSeconds=0)
    for value in (first, second):
        assert_refused(page.init(value), 401, "invalid_token")
    assert_refused(page.say(opened), 401, "session_ended")
    assert page.init(third).status_code == 200


def test_409_when_a_sixth_previous_value_would_still_work(api, page, token, clock):
    values = [token.value, *(token.regenerate(gracePeriodSeconds=600 + number) for number in range(5))]
    path = f"/v1/client-tokens/{token.id}/regenerate"
    refused = api.post(path, {"gracePeriodSeconds": 60})
    assert_refused(refused, 409, "too_many_previous_values")
    assert "2027-01-31T12:10:00.250Z" in refused.json["hint"]
    assert [page.init(value).status_code for value in values] == [200] * 6
    clock.forward(seconds=600)
    assert api.post(path, {"gracePeriodSeconds": 60}).status_code == 200


def test_session_gets_the_longer_of_two_grace_periods(page, token, clock):
    session = page.open(token.value)
    second = token.regenerate(gracePeriodSeconds=300)
    token.regenerate(gracePeriodSeconds=600)
    assert page.open(second, sessionId=session) == session
    assert page.open(token.value, sessionId=session) == session
    clock.forward(seconds=599)
    assert page.say(session).status_code == 200


def test_session_resumed_with_the_new_value_outlives_the_old_one(page, token, clock):
    session = page.open(token.value)
    new = token.regenerate(gracePeriodSeconds=600)
    assert page.open(new, sessionId=session) == session
    # A tab with the old value does not undo that.
    assert page.open(token.value, sessionId=session) == session
    clock.forward(seconds=600)
    assert page.say(session).status_code == 200


def test_changed_settings_apply_to_open_sessions(app, page, token):
    session = page.open(token.value)
    token.change(allowedOrigins=["https://moved.example.com"])
    assert_refused(page.say(session), 403, "origin_not_allowed")
    moved = Page(app, "https://moved.example.com")
    assert_refused(moved.say(session), 401, "session_ended")
    assert moved.say(moved.open(token.value, sessionId=session)).status_code == 200
    token.change(allowedOrigins=[ORIGIN], maxMessagesPerSession=1)
    assert page.say(session).status_code == 200
    assert_refused(page.say(session), 429, "message_limit_reached")
    token.change(maxMessagesPerSession=2, rateLimitPerMinute=1)
    assert_refused(page.say(session), 429, "rate_limited")


def test_session_survives_switching_the_token_off_and_on(page, token):
    session = page.open(token.value)
    token.change(isActive=False)
    assert_refused(page.say(session), 401, "token_inactive")
    token.change(isActive=True)
    assert page.say(session).status_code == 200


def test_401_session_ends_when_its_target_is_removed_from_the_token(page, create, register):
    register("agent_a")
    token = create(agentIds=["agent_a"])
    session = page.open(token.value)
    token.change(flowIds=[])
    assert_refused(page.say(session), 401, "session_ended")
    answer = page.init(token.value, sessionId=session)
    assert answer.json["targetId"] == "agent_a"
    assert answer.json["sessionId"] != session


def test_the_table_holds_no_session_id(page, token):
    session = page.open(token.value)
    assert record(session)["origin"] == ORIGIN
    assert session.rpartition("_")[2] not in str(record(session))


def test_origin_admitted_by_a_star_is_truncated(app, create):
    token = create(allowedOrigins=["*"])
    page = Page(app, "https://" + "x" * 5000)
    session = page.open(token.value)
    page.say(session)
    (conversation,) = token.conversations()
    assert conversation["origin"] == ("https://" + "x" * 5000)[:300]
    assert page.open(token.value, sessionId=session) == session
