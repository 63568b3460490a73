"""A conversation is deleted whole, even if the deletion is interrupted or others write to it meanwhile."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.errors import NotFound
from shared.rules.session import parse_id
from shared.store import conversation_deletion, sessions, table
from tests.functions.interruptions import Crash
from tests.functions.page import assert_refused
from tests.functions.stored import left, record, spent

# Finds whose it is, marks the record, and reads the rest. Turns are overwritten, and feedback is deleted.
CALLS = ["GetItem", "Query", "TransactWriteItems", "Query", "PutItem", "PutItem", "PutItem", "Query", "DeleteItem"]
MESSAGES = 3
# The session has accepted a message, its turn is stored, and the conversation is to count it.
RECORDING = 7
# Only a run that is about to fail waits as long.
TIMEOUT_SECONDS = 60


@pytest.fixture
def session(page, token):
    session = page.open(token.value)
    assert {page.say(session).status_code for _ in range(MESSAGES)} == {200}
    assert page.rate(session, token.value).status_code == 200
    return session


@pytest.fixture
def conversation_id(session):
    return record(session)["conversation_id"]


@pytest.fixture
def delete(api, clock, conversation_id):
    return lambda: conversation_deletion.delete(api.tenant, conversation_id, at=clock.held)


def crash():
    raise Crash


def test_deletion_leaves_no_text(token, conversation_id, calls, delete):
    calls.clear()
    assert delete() == MESSAGES + 2
    assert calls == CALLS
    assert token.conversations() == []
    items = list(table.query("pk = :pk", {":pk": f"CONVERSATION#{conversation_id}"}, at=None))
    assert len(items) == MESSAGES + 1
    assert {name for item in items for name in item} == {"pk", "sk", "is_gone", "tenant", "expires_at"}


@pytest.mark.parametrize("number", range(1, len(CALLS) + 1), ids=lambda number: f"{number} {CALLS[number - 1]}")
def test_deletion_interrupted_by_a_crash_can_be_completed(token, conversation_id, at_call, delete, number):
    at_call(number, crash, "after")
    with pytest.raises(Crash):
        delete()
    # A marked conversation is not shown.
    assert len(token.conversations()) == (number <= 2)
    with contextlib.suppress(NotFound):
        delete()
    assert token.conversations() == left(conversation_id) == []
    with pytest.raises(NotFound):
        delete()


def test_deletion_retries_while_the_conversation_is_written(conversation_id, contended, delete):
    contended("CONVERSATION#", times=1)
    assert delete() == MESSAGES + 2
    assert left(conversation_id) == []


def test_200_message_waits_while_its_conversation_is_marked(page, session, busy):
    """A transaction on the record makes a single write fail for a moment."""
    busy("CONVERSATION#", times=1)
    assert page.say(session).status_code == 200


@pytest.mark.parametrize("number", [3, 4])
def test_messages_sent_during_the_deletion_are_deleted(page, session, at_call, delete, conversation_id, number):
    said = []
    at_call(number, lambda: said.append(page.say(session, "Last words").status_code))
    delete()
    assert said == [200 if number == 3 else 410]
    assert left(conversation_id) == []


def test_410_message_to_a_deleted_conversation_ends_the_session(
    page, token, session, conversation_id, assistant, delete
):
    """No target is asked. The page gets a new session, with another conversation."""
    asked = len(assistant)
    delete()
    assert assert_refused(page.say(session), 410, "conversation_deleted")["hint"]
    assert len(assistant) == asked
    opened = page.init(token.value, sessionId=session).json
    assert opened["sessionId"] != session
    assert opened["conversationId"] != conversation_id
    assert_refused(page.say(session), 401, "session_ended")
    assert spent(session) == MESSAGES + 1
    assert token.conversations() == left(conversation_id) == []


def test_410_message_to_a_deleted_conversation_revives_no_session(page, session, at_call, delete):
    """The table's TTL may delete the session just before its end is written."""
    key = sessions.key(parse_id(session).digest)
    is_stored, has_expired = threading.Event(), threading.Event()

    def wait():
        is_stored.set()
        assert has_expired.wait(TIMEOUT_SECONDS)

    delete()
    at_call(RECORDING, wait)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(page.say, session)
        assert is_stored.wait(TIMEOUT_SECONDS)
        table.write(table.delete_write(key))
        has_expired.set()
    assert_refused(answer.result(), 410, "conversation_deleted")
    assert table.get(key, at=None) is None


def test_410_stored_reply_of_a_deleted_conversation(page, token, conversation_id, session, delete):
    assert page.say(session, message_id="usr_last").status_code == 200
    delete()
    assert_refused(page.say(session, message_id="usr_last"), 410, "conversation_deleted")
    assert left(conversation_id) == []
