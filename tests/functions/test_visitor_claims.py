"""A conversation that nobody owns becomes that of the visitor whose browser has its session."""

import pytest

from shared.store import conversation_deletion
from tests.functions.page import Page
from tests.functions.returning_visitors import owner
from tests.functions.stored import record


class TestClaim:
    @pytest.fixture
    def spoken(self, page, token):
        """A session with a message, of no visitor."""
        session = page.open(token.value)
        assert page.say(session).status_code == 200
        return session

    def test_makes_a_conversation_the_visitors(self, page, token, spoken, secret, first):
        answer = page.init(token.value, visitorToken=secret, sessionId=spoken).json
        assert answer["sessionId"] == spoken
        assert owner(answer["conversationId"]) == f"VISITOR#{first['visitor']['id']}"

    def test_is_made_for_a_new_visitor_too(self, page, token, spoken):
        answer = page.init(token.value, visitorHistory=True, sessionId=spoken).json
        assert answer["sessionId"] == spoken
        assert owner(answer["conversationId"]) == f"VISITOR#{answer['visitor']['id']}"

    def test_before_the_first_message_is_kept_by_it(self, page, token, secret, first):
        session = page.open(token.value)
        answer = page.init(token.value, visitorToken=secret, sessionId=session).json
        assert answer["sessionId"] == session
        page.say(session)
        assert owner(answer["conversationId"]) == f"VISITOR#{first['visitor']['id']}"

    @pytest.mark.parametrize("is_spoken", [True, False])
    def test_of_another_visitors_conversation_gets_a_new_one(self, page, token, first, is_spoken):
        if is_spoken:
            page.say(first["sessionId"])
        before = record(first["sessionId"])
        other = page.init(token.value, visitorHistory=True, sessionId=first["sessionId"]).json
        assert other["visitor"]["id"] != first["visitor"]["id"]
        assert other["conversationId"] != first["conversationId"]
        assert other["sessionId"] != first["sessionId"]
        assert record(first["sessionId"]) == before

    def test_of_two_visitors_at_once_makes_one_the_owner(self, page, token, spoken, at_call):
        """The other one gets a new conversation, not an error."""
        others = []

        def claim():
            others.append(page.init(token.value, visitorHistory=True, sessionId=spoken).json)

        at_call(6, claim)
        answer = page.init(token.value, visitorHistory=True, sessionId=spoken).json
        (other,) = others
        assert other["sessionId"] == spoken
        assert answer["sessionId"] != spoken
        assert answer["conversationId"] != other["conversationId"]
        assert owner(other["conversationId"]) == f"VISITOR#{other['visitor']['id']}"

    def test_that_crashed_is_completed_by_the_next_message(self, page, token, spoken, crash_after):
        with crash_after(6):
            page.init(token.value, visitorHistory=True, sessionId=spoken)
        conversation_id = record(spoken)["conversation_id"]
        assert owner(conversation_id) is None
        page.say(spoken)
        assert owner(conversation_id) == f"VISITOR#{record(spoken)['visitor_id']}"

    def test_of_a_session_of_another_origin_gets_a_new_one(self, app, create, clock):
        token = create(allowedOrigins=["https://a.example.com", "https://b.example.com"])
        session = Page(app, "https://a.example.com").open(token.value)
        answer = Page(app, "https://b.example.com").init(token.value, visitorHistory=True, sessionId=session).json
        assert answer["sessionId"] != session


def test_session_id_alone_resumes_but_claims_nothing(page, token, first):
    page.say(first["sessionId"])
    answer = page.init(token.value, sessionId=first["sessionId"]).json
    assert answer["sessionId"] == first["sessionId"]
    assert "visitor" not in answer
    assert owner(first["conversationId"]) == f"VISITOR#{first['visitor']['id']}"


def test_conversation_deleted_meanwhile_is_not_resumed_with_history(page, token, api, first, secret, clock):
    page.say(first["sessionId"])
    conversation_deletion.delete(api.tenant, first["conversationId"], at=clock.held)
    again = page.init(token.value, visitorToken=secret, sessionId=first["sessionId"]).json
    assert again["conversationId"] != first["conversationId"]
