"""A turn as a state machine: who may generate its reply, how often, and what the visitor is told otherwise."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import Conflict, Gone, TooManyRequests
from shared.rules import message_log, turn
from shared.rules.answer import Ending
from shared.rules.message_log import Entry
from shared.rules.session import Session
from shared.rules.target_request import Message
from shared.rules.turn import Turn
from tests.rules.test_client_token import SETTINGS, token

AT = datetime(2026, 11, 24, 3, 25, 36, 123_000, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)
TOKEN = token(replace(SETTINGS, max_messages_per_session=3, session_idle_timeout_minutes=30))
MESSAGE = Message(id="usr_1", role="user", text="Hello", at=AT)
SESSION = Session(
    digest="digest",
    tenant="tenant-1",
    token_id="ct_1",
    jti="jti",
    origin="",
    target_id="flow_1",
    conversation_id="conv_1",
    idle_until=AT,
)
FIRST, SECOND_HOLDER = turn.lease("first", AT + 25 * SECOND), turn.lease("second", AT + 60 * SECOND)
BEGUN = turn.begin(SESSION, MESSAGE, Entry(1, AT), FIRST)
GONE = Turn(message=MESSAGE, lease=None, attempts=0)


def resumed(stored, *, message=MESSAGE, own=SECOND_HOLDER, later=timedelta()):
    return turn.resume(stored, message, own, AT + later)


def refused(error, code, act):
    with pytest.raises(error) as caught:
        act()
    assert caught.value.code == code
    return caught.value


class TestAccept:
    def test_message_is_paid_for_and_extends_the_session(self):
        accepted = turn.accept(SESSION, TOKEN, "usr_1", FIRST, AT)
        assert accepted.message_count == 1
        assert accepted.idle_until == AT + timedelta(minutes=30)
        assert message_log.find(accepted.log, "usr_1") == Entry(1, AT)

    def test_session_does_not_end_before_a_long_answer(self):
        """With the shortest idle timeout, and two minutes to read it."""
        brief = token(replace(SETTINGS, session_idle_timeout_minutes=1))
        own = turn.lease("first", AT + 300 * SECOND)
        assert turn.accept(SESSION, brief, "usr_1", own, AT).idle_until == AT + 421 * SECOND

    def test_429_when_the_budget_is_spent(self):
        current = SESSION
        for number in range(3):
            current = turn.accept(current, TOKEN, str(number), FIRST, AT)
        error = refused(TooManyRequests, "message_limit_reached", lambda: turn.accept(current, TOKEN, "4", FIRST, AT))
        assert error.hint == error.message == "This conversation has reached its message limit."

    @pytest.mark.parametrize("skew", [-3600 * SECOND, timedelta(0), MILLISECOND, 2 * MILLISECOND])
    def test_next_message_comes_after_the_last_reply(self, skew):
        first = turn.accept(SESSION, TOKEN, "usr_1", FIRST, AT)
        second = turn.accept(first, TOKEN, "usr_2", FIRST, AT + skew)
        entry = message_log.last(second.log)
        answered = turn.answered(BEGUN, "ast_1", "Hi", Ending())
        assert entry.at > answered.reply.at > BEGUN.message.at
        assert entry == Entry(2, AT + 2 * MILLISECOND)


class TestResume:
    def test_stored_reply_is_used_whoever_asks_and_whenever(self):
        answered = turn.answered(BEGUN, "ast_1", "Hi", Ending())
        assert resumed(answered) == resumed(answered, later=3600 * SECOND) == answered
        assert answered.reply.text == "Hi"

    def test_holder_goes_on(self):
        """Its own first copy was stored, and the response to it was lost."""
        assert resumed(BEGUN, own=FIRST) is BEGUN

    def test_409_until_the_lease_ends_on_every_clock(self):
        for later in (timedelta(), 26 * SECOND - MILLISECOND):
            error = refused(Conflict, "in_progress", lambda later=later: resumed(BEGUN, later=later))
            assert error.retry_after == 2
        assert resumed(BEGUN, later=26 * SECOND) == replace(BEGUN, lease=SECOND_HOLDER, attempts=2, secret="second")

    def test_failed_turn_is_free_at_once(self):
        expected = replace(BEGUN, lease=SECOND_HOLDER, attempts=2, was_asked=True, secret="second")
        assert resumed(turn.failed(BEGUN)) == expected

    def test_attempt_that_never_asked_the_target_does_not_count(self):
        withdrawn = turn.withdrawn(BEGUN)
        assert resumed(withdrawn) == replace(BEGUN, lease=SECOND_HOLDER, attempts=1, secret="second")
        assert (withdrawn.was_asked, turn.failed(BEGUN).was_asked, BEGUN.was_asked) == (False, True, False)

    def test_429_after_five_attempts(self):
        stored = turn.failed(replace(BEGUN, attempts=5))
        error = refused(TooManyRequests, "attempts_exhausted", lambda: resumed(stored))
        assert error.hint == error.message == "This message could not be answered. Please write another one."
        assert resumed(turn.failed(replace(BEGUN, attempts=4))).attempts == 5

    def test_stored_text_counts(self):
        again = replace(MESSAGE, text="Hello, with other words")
        assert resumed(turn.failed(BEGUN), message=again).message == MESSAGE

    def test_410_conversation_was_deleted(self):
        refused(Gone, "conversation_deleted", lambda: resumed(GONE))

    def test_409_another_message_of_the_same_digest(self):
        """It is never told the reply of the first."""
        other = replace(MESSAGE, id="usr_2")
        for stored in (BEGUN, turn.failed(BEGUN), turn.answered(BEGUN, "ast_1", "Hi", Ending())):
            refused(Conflict, "message_id_taken", lambda stored=stored: resumed(stored, message=other))


class TestOvertaken:
    ANSWERED = turn.answered(replace(BEGUN, attempts=2), "ast_1", "Late", Ending())

    def test_first_stored_reply_counts(self):
        stored = turn.answered(replace(BEGUN, lease=SECOND_HOLDER), "ast_2", "First", Ending())
        assert turn.overtaken(self.ANSWERED, stored) is stored

    def test_409_while_another_holder_generates(self):
        stored = replace(BEGUN, lease=SECOND_HOLDER)
        refused(Conflict, "in_progress", lambda: turn.overtaken(self.ANSWERED, stored))

    def test_visitor_still_reads_the_reply_of_a_deleted_conversation(self):
        assert turn.overtaken(self.ANSWERED, GONE) is self.ANSWERED
