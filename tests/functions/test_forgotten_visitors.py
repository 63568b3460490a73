"""Sessions of a visitor who was forgotten, or whose lifetime has ended."""

from datetime import timedelta

import pytest

from shared.store import known_visitors, returning_visitors, table
from tests.functions.client_tools import CALL, begin, resume
from tests.functions.page import assert_refused
from tests.functions.returning_visitors import owner, visitor_item
from tests.functions.stored import record


class TestForgottenVisitor:
    """Reset from another tab: what a session does whose visitor nobody is anymore."""

    @pytest.fixture
    def forget(self, first, clock, guard):
        visitor = returning_visitors.from_item(visitor_item(first))

        def forget():
            with guard.acting_as("InitSession"):
                returning_visitors.forget(visitor, at=clock.held)

        return forget

    def test_session_goes_on_in_a_fresh_conversation(self, page, token, first, assistant, forget):
        page.say(first["sessionId"], "A secret of the former person")
        forget()
        assert page.say(first["sessionId"], "Hello").status_code == 200
        now = record(first["sessionId"])
        assert now["conversation_id"] != first["conversationId"]
        assert "visitor_id" not in now
        assert owner(now["conversation_id"]) is None
        assert "A secret" not in str(assistant[-1])
        counts = {one["id"]: one["messageCount"] for one in token.conversations()}
        assert counts == {first["conversationId"]: 2, now["conversation_id"]: 2}
        assert token.record()["conversationCount"] == 2

    def test_budget_of_the_session_goes_on(self, page, create):
        token = create(maxMessagesPerSession=2)
        opened = page.init(token.value, visitorHistory=True).json
        page.say(opened["sessionId"])
        table.write(table.delete_write(known_visitors.key(opened["visitor"]["id"])))
        assert page.say(opened["sessionId"]).status_code == 200
        assert_refused(page.say(opened["sessionId"]), 429, "message_limit_reached")

    def test_message_of_the_former_conversation_is_not_sent_again(self, page, token, first, assistant, forget):
        """It was paid for there. Here it would be answered for free, and its text would be kept."""
        page.say(first["sessionId"], message_id="usr_old")
        forget()
        asked = len(assistant)
        for _ in range(2):
            assert_refused(page.say(first["sessionId"], message_id="usr_old"), 409, "message_id_taken")
        assert page.say(first["sessionId"], message_id="usr_new").status_code == 200
        assert_refused(page.say(first["sessionId"], message_id="usr_old"), 409, "message_id_taken")
        assert len(assistant) == asked + 1

    def test_answer_that_waits_does_not_go_on(self, page, token, first, function, forget):
        """The next person at the computer would read it."""
        function.answers = [CALL]
        execution, (call,) = begin(page, first["sessionId"])
        forget()
        assert_refused(resume(page, first["sessionId"], execution, {call: "Green"}), 404, "execution_not_found")
        assert len(function.asked) == 1

    def test_message_sent_during_the_reset_can_be_sent_again(self, page, first, at_call, forget):
        """It was admitted before the reset, and another message moved the session meanwhile."""
        page.say(first["sessionId"])
        said = []

        def reset():
            forget()
            said.append(page.say(first["sessionId"], "Other").status_code)

        at_call(5, reset)
        answer = page.say(first["sessionId"], "Mine", message_id="usr_mine")
        assert said == [200]
        assert_refused(answer, 409, "in_progress")
        assert page.say(first["sessionId"], "Mine", message_id="usr_mine").status_code == 200
        assert record(first["sessionId"])["conversation_id"] != first["conversationId"]

    def test_two_messages_at_once_go_to_one_fresh_conversation(self, page, token, first, at_call, forget):
        page.say(first["sessionId"])
        forget()
        said = []
        at_call(4, lambda: said.append(page.say(first["sessionId"], "Other").status_code))
        assert page.say(first["sessionId"], "Mine").status_code == 200
        assert said == [200]
        assert len(token.conversations()) == 2

    def test_plain_init_gets_another_session(self, page, token, first, forget):
        forget()
        assert page.open(token.value, sessionId=first["sessionId"]) != first["sessionId"]

    def test_next_visitor_gets_another_conversation(self, page, token, first, secret, forget):
        page.say(first["sessionId"])
        forget()
        other = page.init(token.value, visitorToken=secret, sessionId=first["sessionId"]).json
        assert other["visitor"]["token"]
        assert other["conversationId"] != first["conversationId"]

    def test_fresh_conversation_can_be_claimed(self, page, token, first, forget):
        page.say(first["sessionId"])
        forget()
        page.say(first["sessionId"])
        other = page.init(token.value, visitorHistory=True, sessionId=first["sessionId"]).json
        assert other["sessionId"] == first["sessionId"]
        assert owner(other["conversationId"]) == f"VISITOR#{other['visitor']['id']}"
        page.say(first["sessionId"])
        assert record(first["sessionId"])["conversation_id"] == other["conversationId"]

    def test_resuming_does_not_bring_the_session_back(self, page, token, first, at_call, forget):
        """An init that has read the session before it moved must not write the former conversation again."""
        page.say(first["sessionId"])

        def reset():
            forget()
            page.say(first["sessionId"])

        at_call(5, reset)
        answer = page.init(token.value, sessionId=first["sessionId"]).json
        assert answer["conversationId"] != first["conversationId"]
        assert record(first["sessionId"])["conversation_id"] != first["conversationId"]

    def test_expired_visitor_counts_as_forgotten(self, page, create, clock):
        token = create(sessionIdleTimeoutMinutes=1440)
        opened = page.init(token.value, visitorHistory=True).json
        page.say(opened["sessionId"])
        item = visitor_item(opened)
        table.put(item | {"expires_at": int((clock.held - timedelta(seconds=1)).timestamp())})
        page.say(opened["sessionId"])
        assert record(opened["sessionId"])["conversation_id"] != opened["conversationId"]


def test_session_of_no_visitor_makes_no_more_calls_in_chat(page, token, first, calls):
    ordinary = page.open(token.value)
    made = []
    for session in (ordinary, first["sessionId"]):
        page.say(session)
        calls.clear()
        page.say(session)
        made.append(list(calls))
    assert made[0] == made[1]
