"""What Persona 4.18 sends when its history is on, step by step, with the answers that each step relies on.

This version of the widget is not published, so these requests stand in for it.
"""

import pytest

from shared.store import known_visitors, returning_visitors
from tests.functions.page import assert_refused, events, reply
from tests.functions.stored import record

UNKNOWN = f"conv_{'0' * 26}"
# The words that the widget looks for in `error`, in any case.
EXPIRED, SECRET_MISSING = "expired", "visitor token required"


class Widget:
    """The widget's own steps. `secret` and `session` are what it keeps in the browser."""

    def __init__(self, page, value):
        self.page, self.value = page, value
        self.secret = self.session = self.conversation_id = None

    def init(self, **fields):
        """Each of its inits asks for a visitor, and shows the secret once it has one."""
        secret = {"visitorToken": self.secret} if self.secret else {}
        answer = self.page.init(self.value, visitorHistory=True, **secret, **fields)
        if answer.status_code == 200:
            opened = answer.json
            self.session, self.conversation_id = opened["sessionId"], opened["conversationId"]
            self.secret = opened["visitor"].get("token", self.secret)
        return answer

    def boot(self):
        """The first visit: a visitor is made, and the second init claims its conversation."""
        made = self.init().json
        claimed = self.init(sessionId=self.session).json
        return made, claimed, self.read(self.conversation_id)

    def reload(self):
        """Its one fallback is an ordinary init."""
        answer = self.init(conversationId=self.conversation_id)
        if answer.status_code == 200:
            return answer
        assert (answer.status_code, answer.json["error"]) in {
            (401, "visitor_required"),
            (404, "Conversation not found"),
        }
        return self.init(sessionId=self.session)

    def list(self, query="&limit=25&targetId=flow_echo"):
        return self.page.history("GET", session=self.session, secret=self.secret, query=query)

    def read(self, conversation_id):
        query = "&messageLimit=25"
        return self.page.history("GET", f"/{conversation_id}", session=self.session, secret=self.secret, query=query)

    def say(self, text, **fields):
        return self.page.say(self.session, text, **fields)


@pytest.fixture
def token(create):
    return create(rateLimitPerMinute=1000, rateLimitPerHour=10_000)


@pytest.fixture
def widget(page, token):
    widget = Widget(page, token.value)
    widget.boot()
    return widget


class TestBoot:
    def test_first_visit_is_two_inits_and_an_empty_conversation(self, page, token):
        widget = Widget(page, token.value)
        made, claimed, found = widget.boot()
        assert made["visitor"]["token"]
        assert "token" not in claimed["visitor"]
        assert (claimed["conversationId"], claimed["sessionId"]) == (made["conversationId"], made["sessionId"])
        assert (found.status_code, found.json["messages"]) == (200, [])
        assert widget.list().json == {"data": [], "nextCursor": None}

    def test_reload_continues_the_conversation(self, widget):
        widget.say("Hello")
        before = widget.conversation_id
        assert widget.reload().json["conversationId"] == before
        assert [one["content"] for one in widget.read(before).json["messages"]] == ["Hello", "You said: Hello"]
        assert widget.say("Again").status_code == 200

    def test_reload_before_the_first_message_costs_one_more_init(self, widget):
        session = widget.session
        assert_refused(widget.init(conversationId=widget.conversation_id), 404, "conversation_not_found")
        assert widget.reload().json["sessionId"] == session

    def test_reload_after_the_visitor_was_forgotten_opens_a_new_conversation(self, widget, clock):
        widget.say("Hello")
        before = widget.conversation_id
        _forget(widget, clock)
        assert widget.reload().json["conversationId"] != before
        assert widget.list().json["data"] == []

    def test_new_conversation_sends_the_secret_alone(self, widget):
        widget.say("Hello")
        before = widget.conversation_id
        assert widget.init().json["conversationId"] != before
        assert [one["id"] for one in widget.list().json["data"]] == [before]

    def test_open_reads_a_conversation_and_goes_on_in_it(self, widget):
        widget.say("First")
        first = widget.conversation_id
        widget.init()
        widget.say("Second")
        assert widget.read(first).json["conversationRevision"] == "1.0"
        assert widget.init(conversationId=first).json["conversationId"] == first
        widget.say("Third")
        assert {one["id"]: one["messageCount"] for one in widget.list().json["data"]}[first] == 4


class TestDelete:
    def test_all_of_the_target_then_an_init(self, page, widget):
        widget.say("Hello")
        answer = page.history("DELETE", session=widget.session, secret=widget.secret, query="&targetId=flow_echo")
        assert answer.json == {"deleted": 1}
        assert widget.init().status_code == 200
        assert widget.list().json["data"] == []

    def test_message_to_a_deleted_conversation_is_sent_again_in_a_new_one(self, page, widget):
        """4.18 sends only that message again."""
        widget.say("Hello", message_id="usr_1")
        deleted = widget.conversation_id
        page.history("DELETE", f"/{deleted}", session=widget.session, secret=widget.secret)
        answer = widget.say("And now?", message_id="usr_2")
        assert (answer.status_code, answer.json["error"]) == (410, "conversation_deleted")
        assert widget.init().json["conversationId"] != deleted
        assert reply(widget.say("And now?", message_id="usr_2")) == "You said: And now?"


class TestLostSession:
    def test_401_expired_words_then_one_init_and_one_retry(self, widget, clock):
        widget.say("Hello")
        clock.forward(days=2)
        answer = widget.list()
        assert (answer.status_code, EXPIRED in answer.json["error"].lower()) == (401, True)
        assert widget.reload().status_code == 200
        assert len(widget.list().json["data"]) == 1

    def test_401_unknown_secret_then_init_makes_a_visitor(self, page, widget, clock):
        _forget(widget, clock)
        answer = widget.list()
        assert (answer.status_code, EXPIRED in answer.json["error"].lower()) == (401, True)
        assert widget.init().json["visitor"]["token"] == widget.secret
        assert widget.list().status_code == 200

    def test_401_without_a_secret_is_not_retried(self, page, widget):
        answer = page.history("GET", session=widget.session, secret=None)
        assert (answer.status_code, answer.json["error"].lower()) == (401, SECRET_MISSING)


class TestInitWithAConversation:
    @pytest.mark.parametrize("secret", ["forgotten", "expired", "other token", "unknown"])
    def test_401_visitor_required_for_every_secret_that_proves_nothing(self, page, create, widget, clock, secret):
        widget.say("Hello")
        conversation_id = widget.conversation_id
        match secret:
            case "forgotten":
                _forget(widget, clock)
            case "expired":
                clock.forward(days=90)
            case "other token":
                widget.secret = Widget(page, create().value).boot()[0]["visitor"]["token"]
            case "unknown":
                widget.secret = f"cvt_{'0' * 26}_{'0' * 32}"
        answer = widget.init(conversationId=conversation_id)
        assert_refused(answer, 401, "visitor_required")
        assert answer.json["error"] == "visitor_required"

    def test_404_deleted_is_like_unknown(self, page, widget, calls):
        widget.say("Hello")
        deleted = widget.conversation_id
        page.history("DELETE", f"/{deleted}", session=widget.session, secret=widget.secret)
        seen = set()
        for conversation_id in (deleted, UNKNOWN):
            calls.clear()
            answer = widget.init(conversationId=conversation_id)
            assert_refused(answer, 404, "conversation_not_found")
            shown = {name: value for name, value in answer.json.items() if name != "requestId"}
            seen.add((str(shown), str(list(calls)), str(sorted(answer.headers.keys()))))
        assert len(seen) == 1


class TestProof:
    def test_ignored_at_init_and_chat_works(self, widget):
        answer = widget.init(identityProof="rt_eu_x")
        assert answer.json["visitor"]["identityStatus"] == "ignored"
        assert widget.say("Hello").status_code == 200

    def test_object_in_chat_is_ignored(self, widget):
        proof = {"provider": "clerk", "token": "x"}
        assert reply(widget.say("Hello", identityProof=proof)) == "You said: Hello"


class TestSwitchedOff:
    def test_403_then_an_init_without_a_visitor(self, page, token, widget):
        token.change(visitorHistory=False)
        answer = widget.init()
        assert (answer.status_code, answer.json["error"]) == (403, "visitor_history_disabled")
        session = page.open(token.value)
        assert page.say(session).status_code == 200
        assert "visitor_id" not in record(session)


class TestOrderOfQuestions:
    """The first failure decides. Otherwise an answer would say more than its sender has proved."""

    def _ask(self, page, widget, **given):
        fields = {"session": widget.session, "secret": widget.secret} | given
        return page.history("GET", f"/{UNKNOWN}", **fields)

    def test_dead_session_before_everything(self, page, token, widget):
        token.change(visitorHistory=False)
        assert_refused(self._ask(page, widget, session="cs_x", secret=None), 401, "session_ended")

    def test_token_before_history(self, page, token, widget):
        token.change(visitorHistory=False, isActive=False)
        assert self._ask(page, widget, secret=None).status_code == 401

    def test_history_before_visitor(self, page, token, widget):
        token.change(visitorHistory=False)
        assert_refused(self._ask(page, widget, secret=None), 403, "visitor_history_disabled")

    def test_visitor_before_ownership(self, page, widget):
        assert_refused(self._ask(page, widget, secret="x"), 401, "visitor_not_found")

    def test_rate_before_ownership(self, page, widget):
        for _ in range(120):
            self._ask(page, widget)
        assert_refused(self._ask(page, widget), 429, "rate_limited")


def test_message_with_its_display_text_is_answered(widget):
    """4.18 sends what it displays with each message that differs from it."""
    message = {"id": "usr_1", "role": "user", "content": "Hello @ada", "displayContent": "Hello Ada"}
    answer = widget.page.post("chat", {"sessionId": widget.session, "messages": [message]})
    assert [name for name, _ in events(answer)][-1] == "execution_complete"
    assert reply(answer) == "You said: Hello @ada"


def _forget(widget, clock):
    visitor_id = record(widget.session)["visitor_id"]
    visitor = returning_visitors.from_item(returning_visitors.table.get(known_visitors.key(visitor_id), at=None))
    returning_visitors.forget(visitor, at=clock.held)
