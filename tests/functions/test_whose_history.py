"""Who sees which conversation: two visitors in one browser, one visitor with two tokens, a reset, a rotated token."""

from datetime import timedelta

import pytest

from shared.rules import turn
from shared.store import client_tokens, known_visitors, sessions, table
from tests.functions.page import Page, assert_refused
from tests.functions.stored import record


@pytest.fixture
def token(create):
    return create(rateLimitPerMinute=1000, rateLimitPerHour=10_000)


class Visitor:
    """A person with a secret and a session, in which something was said."""

    def __init__(self, page, value, text, **fields):
        opened = page.init(value, **fields or {"visitorHistory": True}).json
        self.page, self.value = page, value
        self.session, self.conversation_id = opened["sessionId"], opened["conversationId"]
        self.secret = opened["visitor"].get("token")
        assert page.say(self.session, text).status_code == 200

    def sees(self, session=None):
        answer = self.page.history("GET", session=session or self.session, secret=self.secret)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json["data"]]

    def ask(self, method, conversation_id="", session=None):
        path = conversation_id and f"/{conversation_id}"
        return self.page.history(method, path, session=session or self.session, secret=self.secret)

    def reset(self):
        path = f"/v1/client/visitor/reset?sessionId={self.session}"
        answer = self.page.send("POST", path, None, [("X-Visitor-Token", self.secret)])
        assert answer.json == {"reset": True}


class TestTwoVisitorsInOneBrowser:
    """Bob signs in where Alice was. The widget has the secret of Bob, and still the session of Alice."""

    @pytest.fixture
    def alice(self, page, token):
        return Visitor(page, token.value, "I am Alice")

    @pytest.fixture
    def bob(self, page, token):
        return Visitor(page, token.value, "I am Bob")

    def test_each_secret_lists_its_own_in_any_session(self, alice, bob):
        for session in (alice.session, bob.session):
            assert alice.sees(session) == [alice.conversation_id]
            assert bob.sees(session) == [bob.conversation_id]

    def test_session_of_one_gives_the_other_nothing(self, alice, bob):
        for method in ("GET", "DELETE"):
            answer = bob.ask(method, alice.conversation_id, session=alice.session)
            assert_refused(answer, 404, "conversation_not_found")
        assert bob.ask("DELETE", session=alice.session).json == {"deleted": 1}
        assert alice.sees() == [alice.conversation_id]

    def test_init_with_the_session_of_the_other_opens_a_new_one(self, page, token, alice, bob):
        opened = page.init(token.value, visitorToken=bob.secret, sessionId=alice.session).json
        assert opened["sessionId"] not in {alice.session, bob.session}
        assert opened["conversationId"] not in {alice.conversation_id, bob.conversation_id}

    def test_message_in_the_session_of_one_is_not_the_others(self, page, alice, bob):
        page.say(alice.session, "Typed by Bob before the widget knew")
        assert bob.sees() == [bob.conversation_id]


class TestOneVisitorTwoTokens:
    @pytest.fixture
    def here(self, page, token):
        return Visitor(page, token.value, "Here")

    @pytest.fixture
    def there(self, page, create):
        return Visitor(page, create().value, "There")

    def test_secret_of_one_is_unknown_to_the_other(self, here, there):
        answer = here.page.history("GET", session=there.session, secret=here.secret)
        assert_refused(answer, 401, "visitor_not_found")

    def test_conversation_of_one_is_unknown_to_the_other(self, here, there):
        for method in ("GET", "DELETE"):
            assert_refused(there.ask(method, here.conversation_id), 404, "conversation_not_found")
        init = here.page.init(there.value, visitorToken=there.secret, conversationId=here.conversation_id)
        assert_refused(init, 404, "conversation_not_found")
        assert here.sees() == [here.conversation_id]

    def test_reset_at_one_leaves_the_other(self, here, there):
        here.reset()
        assert_refused(here.ask("GET"), 401, "visitor_not_found")
        assert there.sees() == [there.conversation_id]

    def test_reset_with_the_other_tokens_session_forgets_nobody(self, here, there):
        path = f"/v1/client/visitor/reset?sessionId={there.session}"
        assert here.page.send("POST", path, None, [("X-Visitor-Token", here.secret)]).json == {"reset": True}
        assert here.sees() == [here.conversation_id]


class TestResetInOneTab:
    """The other tab has the same session and goes on."""

    @pytest.fixture
    def alice(self, page, token):
        return Visitor(page, token.value, "I am Alice")

    def test_other_tab_goes_on_in_a_conversation_of_nobody(self, page, token, alice):
        alice.reset()
        assert page.say(alice.session, "Next person").status_code == 200
        following = Visitor(page, token.value, "Hello", visitorHistory=True, sessionId=alice.session)
        assert following.session == alice.session
        assert following.conversation_id != alice.conversation_id
        (shown,) = following.sees()
        texts = [one["content"] for one in following.ask("GET", shown).json["messages"]]
        assert texts == ["Next person", "You said: Next person", "Hello", "You said: Hello"]

    def test_message_accepted_during_the_move_stays_behind(self, page, token, alice, at_call, clock):
        """It was paid for in the conversation that the session leaves. Sent again, it must not appear in the next."""
        alice.reset()
        known = client_tokens.from_item(table.get(client_tokens.key(token.id), at=None))

        def accept():
            current = sessions.from_item(record(alice.session))
            lease = turn.lease("other", clock.held + timedelta(seconds=20))
            sessions.accept(current, turn.accept(current, known, "usr_alice", lease, clock.held))

        at_call(4, accept)
        assert page.say(alice.session, "Next person").status_code == 200
        assert_refused(page.say(alice.session, "I am Alice", message_id="usr_alice"), 409, "message_id_taken")
        counts = {one["id"]: one["messageCount"] for one in token.conversations()}
        assert counts == {alice.conversation_id: 2, record(alice.session)["conversation_id"]: 2}

    def test_paused_answer_does_not_go_on(self, page, alice):
        execution = f"exec_{'0' * 35}"
        alice.reset()
        body = {"sessionId": alice.session, "executionId": execution, "toolOutputs": {"ask": 1}}
        assert_refused(page.post("resume", body), 404, "execution_not_found")


class TestRotatedToken:
    @pytest.fixture
    def alice(self, page, token):
        return Visitor(page, token.value, "I am Alice")

    def test_history_ends_with_the_session_and_comes_back_with_the_new_value(self, page, token, alice):
        value = token.regenerate()
        for method in ("GET", "DELETE"):
            assert_refused(alice.ask(method), 401, "session_ended")
            assert_refused(alice.ask(method, alice.conversation_id), 401, "session_ended")
        alice.session = page.open(value, visitorToken=alice.secret)
        assert alice.sees() == [alice.conversation_id]

    def test_both_values_see_it_within_the_grace_period(self, page, token, alice, clock):
        value = token.regenerate(gracePeriodSeconds=600)
        assert alice.sees() == [alice.conversation_id]
        assert alice.sees(page.open(value, visitorToken=alice.secret)) == [alice.conversation_id]
        clock.forward(seconds=601)
        assert_refused(alice.ask("GET"), 401, "session_ended")

    def test_switched_off_token_shows_nothing_and_deletes_nothing(self, page, token, alice):
        token.change(isActive=False)
        assert alice.ask("GET").status_code == 401
        assert alice.ask("DELETE").status_code == 401
        token.change(isActive=True)
        assert alice.sees() == [alice.conversation_id]

    def test_page_of_an_origin_that_was_removed_sees_nothing(self, app, create, clock):
        token = create(allowedOrigins=["https://a.example.com", "https://b.example.com"])
        alice = Visitor(Page(app, "https://a.example.com"), token.value, "I am Alice")
        token.change(allowedOrigins=["https://b.example.com"])
        assert_refused(alice.ask("GET"), 403, "origin_not_allowed")


def test_expired_visitor_that_is_not_yet_deleted_counts_as_forgotten(page, token, clock):
    """DynamoDB deletes expired items up to days later."""
    alice = Visitor(page, token.value, "I am Alice")
    key = known_visitors.key(record(alice.session)["visitor_id"])
    table.put(table.get(key, at=None) | {"expires_at": int(clock.held.timestamp())})
    assert_refused(alice.ask("GET"), 401, "visitor_not_found")
    fields = {"visitorToken": alice.secret, "conversationId": alice.conversation_id}
    assert_refused(page.init(token.value, **fields), 401, "visitor_required")
    assert "token" in page.init(token.value, visitorToken=alice.secret).json["visitor"]
    assert page.open(token.value, sessionId=alice.session) != alice.session
