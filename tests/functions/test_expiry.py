"""Expired items are not shown, counted, or used, although DynamoDB deletes them up to days later."""

from datetime import timedelta

import pytest

from shared.rules.session import parse_id
from shared.store import sessions, table
from tests.functions.page import assert_refused, reply
from tests.functions.stored import beside, messages, record, spent


@pytest.fixture
def expire(clock):
    """`expire(item)`: makes the item expired, but not yet deleted by DynamoDB."""

    def expire(item):
        past = int(clock.held.timestamp())
        table.update((item["pk"], item["sk"]), "SET expires_at = :past", {":past": past})

    return expire


@pytest.fixture
def session(page, token):
    session = page.open(token.value)
    assert page.say(session, "First", message_id="usr_first", assistantMessageId="ast_first").status_code == 200
    return session


def conversation(session):
    (item,) = beside(session, "RECORD")
    return item


def test_conversation_past_its_retention_is_not_listed(page, token, session, expire, clock):
    clock.forward(seconds=1)
    others = [page.open(token.value) for _ in range(3)]
    for other in others:
        assert page.say(other).status_code == 200
        clock.forward(seconds=1)
    listed = [one["id"] for one in token.conversations()]
    assert len(listed) == 4
    expire(conversation(others[1]))
    expire(conversation(session))
    shown = [listed[0], listed[2]]
    assert [one["id"] for one in token.conversations()] == shown
    assert [one["id"] for one in token.conversations("?flow_id=flow_echo")] == shown
    assert [[one["id"] for one in token.conversations(f"?limit=1&offset={offset}")] for offset in range(3)] == [
        [shown[0]],
        [shown[1]],
        [],
    ]


def test_pagination_ends_with_the_last_current_conversation(api, page, token, session, expire, clock):
    clock.forward(seconds=1)
    assert page.say(page.open(token.value)).status_code == 200
    path = f"/v1/client-tokens/{token.id}/conversations?limit=1&offset=0"
    assert api.get(path).json["pagination"]["hasMore"] is True
    expire(conversation(session))
    assert api.get(path).json["pagination"]["hasMore"] is False


@pytest.mark.parametrize("displayed", [{}, {"displayContent": "First, as displayed"}])
def test_conversation_that_goes_on_forgets_its_first_message(api, page, browser, clock, displayed):
    """It is shown as long as the message itself, also as the conversation's title."""

    def shown():
        (owned,) = api.get("/v1/conversations").json["conversations"]
        (listed,) = api.get(f"/v1/client-tokens/{owned['clientTokenId']}/conversations").json["conversations"]
        return browser.list()["data"][0]["title"], browser.read(conversation_id)["title"], listed["firstMessage"]

    conversation_id = browser.conversation_id
    first = {"id": "usr_first", "role": "user", "content": "First"} | displayed
    assert page.post("chat", {"sessionId": browser.session, "messages": [first]}).status_code == 200
    name = "Conversation 2027-01-31 12:00"
    title = displayed.get("displayContent", "First")
    for days, expected in ((45, (title, title, "First")), (44, (title, title, "First")), (1, (name, name, None))):
        clock.forward(days=days)
        opened = page.init(browser.value, visitorToken=browser.secret, conversationId=conversation_id).json
        browser.session = opened["sessionId"]
        page.say(browser.session, "More")
        assert shown() == expected


def test_target_receives_no_messages_past_their_retention(page, token, assistant, session, expire):
    shown = [{"id": "usr_first", "role": "user"}, {"id": "ast_first", "role": "assistant"}]
    assert page.say(session, "Second", before=shown).status_code == 200
    assert [one["text"] for one in assistant[-1]["messages"]][::2] == ["First", "Second"]
    for item in beside(session, "MESSAGE#")[:1]:
        expire(item)
    assert page.say(session, "Third", before=shown).status_code == 200
    assert [one["text"] for one in assistant[-1]["messages"]] == ["Third"]


def test_410_message_to_a_conversation_past_its_retention(page, token, session, expire, calls):
    expire(conversation(session))
    before = messages(session)
    assert_refused(page.say(session, "Second"), 410, "conversation_deleted")
    assert messages(session) == before
    # The page opens another session, as it does whenever one ends.
    assert page.say(page.open(token.value)).status_code == 200


def test_401_when_the_stored_reply_has_expired(page, token, session, expire):
    for item in beside(session, "MESSAGE#"):
        expire(item)
    assert_refused(page.say(session, "First", message_id="usr_first"), 401, "session_ended")
    assert spent(session) == 1


@pytest.fixture
def unanswered(page, token, register, clock):
    """A session with a message whose target failed. It lasts one second less than two days."""
    token.change(sessionIdleTimeoutMinutes=1440)
    session = page.open(token.value)
    register("flow_echo", "aws_lambda", function_arn="arn:aws:lambda:us-east-1:123456789012:function:assistant-gone")
    assert_refused(page.say(session, "Lost", message_id="usr_lost"), 502, "target_failed")
    register("flow_echo")
    for hours in (20, 20):
        clock.forward(hours=hours)
        assert page.say(session).status_code == 200
    clock.forward(hours=8, seconds=-1)
    return session


def test_200_unanswered_message_is_answered_within_two_days(page, unanswered):
    assert reply(page.say(unanswered, "Lost", message_id="usr_lost")) == "You said: Lost"


@pytest.mark.parametrize("is_dropped", [True, False])
def test_401_expired_unanswered_message_is_not_asked_again(page, clock, unanswered, is_dropped):
    """It is paid for, so a visitor could invoke the target again and again for free."""
    clock.forward(seconds=1)
    lost = beside(unanswered, "MESSAGE#")[0]
    if is_dropped:
        table.write(table.delete_write((lost["pk"], lost["sk"])))
    for _ in range(7):
        assert_refused(page.say(unanswered, "Lost", message_id="usr_lost"), 401, "session_ended")
    assert page.say(unanswered).status_code == 200


def test_unanswered_message_expires_within_the_retention(page, token, register, monkeypatch, clock):
    monkeypatch.setenv("CONVERSATION_RETENTION_DAYS", "1")
    session = page.open(token.value)
    register("flow_echo", "aws_lambda", function_arn="arn:aws:lambda:us-east-1:123456789012:function:assistant-gone")
    page.say(session)
    (turn,) = beside(session, "MESSAGE#")
    assert turn["expires_at"] <= (clock.held + timedelta(days=1)).timestamp()


def test_expired_session_accepts_no_init_feedback_or_chat(page, token, session, expire):
    pk, sk = sessions.key(parse_id(session).digest)
    expire({"pk": pk, "sk": sk})
    assert page.open(token.value, sessionId=session) != session
    assert_refused(page.say(session), 401, "session_ended")
    assert_refused(page.rate(session, token.value), 404, "session_not_found")


def test_expired_counters_do_not_count(page, create, clock):
    token = create(rateLimitPerMinute=1, rateLimitPerHour=1)
    session = page.open(token.value)
    assert page.say(session).status_code == 200
    assert page.say(session).status_code == 429
    clock.forward(hours=2, seconds=1)
    session = page.open(token.value)
    assert page.say(session).status_code == 200


def test_expired_idempotency_key_can_be_reused(api, clock):
    body = {"name": "Shop", "allowedOrigins": ["*"]}
    key = {"Idempotency-Key": "the same"}
    first = api.post("/v1/client-tokens", body, **key).json
    clock.forward(hours=23, minutes=59)
    assert api.post("/v1/client-tokens", body, **key).json == first
    clock.forward(minutes=2)
    assert api.post("/v1/client-tokens", body | {"name": "Other"}, **key).status_code == 201


def test_session_is_kept_for_one_day_after_its_end(page, token, session, clock):
    until = record(session)["expires_at"]
    clock.held += timedelta(seconds=until - clock.held.timestamp() - 1)
    assert page.rate(session, token.value).status_code == 200
    clock.forward(seconds=1)
    assert_refused(page.rate(session, token.value), 404, "session_not_found")
