"""A conversation is forgotten whole, though what is at it is interrupted, or others are at the same items."""

import pytest

from shared.store import conversation_deletion, table
from tests.functions import stored
from tests.functions.interruptions import Crash

# With its answers, more than one transaction takes.
MANY = 60


@pytest.fixture
def talk(page, create):
    """`talk(60)`: this many messages, each with an answer; returns their token and the conversation's id."""

    def talk(number):
        token = create(rateLimitPerMinute=MANY)
        session = page.open(token.value)
        assert {page.say(session).status_code for _ in range(number)} == {200}
        return token, stored.record(session)["conversation_id"]

    return talk


def left(conversation_id):
    return list(table.query("pk = :pk", {":pk": f"CONVERSATION#{conversation_id}"}))


def crash():
    raise Crash


def test_deletion_interrupted_by_a_crash_can_be_completed(api, talk, calls, at_call):
    token, conversation_id = talk(MANY)
    calls.clear()
    at_call(3, crash)
    with pytest.raises(Crash):
        conversation_deletion.delete(api.tenant, conversation_id)
    assert calls == ["Query", "TransactWriteItems", "TransactWriteItems"]
    assert [one["id"] for one in token.conversations()] == [conversation_id]
    assert conversation_deletion.delete(api.tenant, conversation_id) == 2 * MANY + 1 - 100
    assert token.conversations() == left(conversation_id) == []


def test_deletion_retries_while_the_conversation_is_written(api, talk, contended):
    _, conversation_id = talk(1)
    contended("CONVERSATION#", times=1)
    assert conversation_deletion.delete(api.tenant, conversation_id) == 3
    assert left(conversation_id) == []
