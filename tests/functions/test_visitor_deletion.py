"""A visitor deletes conversations, or is forgotten."""

import pytest

from tests.functions.page import assert_refused
from tests.functions.returning_visitors import MADE_UP, Browser, write_conversation
from tests.functions.stored import left


@pytest.fixture
def token(create):
    return create(rateLimitPerMinute=1000, rateLimitPerHour=10_000, sessionIdleTimeoutMinutes=1440)


class TestDelete:
    def test_removes_a_conversation_for_good(self, browser, page, token):
        kept, conversation_id = browser.talk("Keep this"), browser.talk("A secret")
        page.rate(browser.session, token.value)
        answer = browser.ask("DELETE", f"/{conversation_id}")
        assert (answer.status_code, answer.json) == (200, {"deleted": 1})
        assert left(conversation_id) == []
        assert [one["id"] for one in browser.list()["data"]] == [kept]
        assert [one["id"] for one in token.conversations()] == [kept]
        assert_refused(browser.ask("DELETE", f"/{conversation_id}"), 404, "conversation_not_found")
        assert_refused(browser.ask("GET", f"/{conversation_id}"), 404, "conversation_not_found")

    def test_410_in_chat_then_the_widget_opens_a_new_conversation(self, browser, page, token):
        page.say(browser.session)
        assert browser.ask("DELETE", f"/{browser.conversation_id}").json == {"deleted": 1}
        answer = page.say(browser.session)
        assert_refused(answer, 410, "conversation_deleted")
        assert answer.json["error"] == "conversation_deleted"
        again = page.init(token.value, visitorToken=browser.secret).json
        assert page.say(again["sessionId"]).status_code == 200

    @pytest.mark.parametrize("number", range(1, 12))
    def test_interrupted_by_a_crash_can_be_repeated(self, browser, crash_after, number):
        conversation_id = browser.talk("A secret", "Another")
        with crash_after(number):
            browser.ask("DELETE", f"/{conversation_id}")
        assert browser.ask("DELETE", f"/{conversation_id}").status_code in {200, 404}
        assert left(conversation_id) == []
        assert browser.list()["data"] == []

    def test_message_in_flight_leaves_nothing(self, browser, page, at_call):
        """It was admitted before the deletion, and ends in a 410."""
        page.say(browser.session)
        deleted = []
        at_call(7, lambda: deleted.append(browser.ask("DELETE", f"/{browser.conversation_id}").json))
        assert_refused(page.say(browser.session, "In flight"), 410, "conversation_deleted")
        assert deleted == [{"deleted": 1}]
        assert left(browser.conversation_id) == []
        # The session has ended with it: the widget opens another one.
        browser.session = page.open(browser.value, visitorToken=browser.secret)
        assert browser.list()["data"] == []

    def test_all_deletes_those_of_the_visitor_only(self, browser, page, token):
        other = Browser(page, token.value)
        theirs = other.talk("Theirs")
        mine = [browser.talk("Mine") for _ in range(3)]
        assert browser.ask("DELETE").json == {"deleted": 3}
        assert browser.list()["data"] == []
        assert [left(one) for one in mine] == [[], [], []]
        assert [one["id"] for one in other.list()["data"]] == [theirs]
        assert browser.ask("DELETE").json == {"deleted": 0}

    def test_all_of_one_target(self, page, create, register):
        register("flow_other")
        browser = Browser(page, create(flowIds=["flow_echo", "flow_other"], rateLimitPerMinute=1000).value)
        kept = browser.talk("Hello", flowId="flow_echo")
        browser.talk("Hello", flowId="flow_other")
        assert browser.ask("DELETE", query="&targetId=flow_other").json == {"deleted": 1}
        assert [one["id"] for one in browser.list()["data"]] == [kept]

    @pytest.mark.parametrize("number", range(5, 16))
    def test_all_interrupted_by_a_crash_can_be_repeated(self, browser, crash_after, number):
        talks = [browser.talk("A secret") for _ in range(2)]
        with crash_after(number):
            browser.ask("DELETE")
        assert browser.ask("DELETE").status_code == 200
        assert [left(one) for one in talks] == [[], []]

    def test_503_too_many_for_one_request_shows_none_of_them(self, browser, token, api):
        for number in range(600):
            write_conversation(browser, token, api, number)
        assert_refused(browser.ask("DELETE"), 503, "unavailable")
        assert browser.list()["data"] == []
        assert token.conversations() == []
        assert browser.ask("DELETE").status_code == 200


class TestReset:
    def test_forgets_the_visitor_and_keeps_the_conversations(self, browser, page, token):
        conversation_id = browser.talk("Hello")
        assert browser.reset().json == {"reset": True}
        assert_refused(browser.ask(), 401, "visitor_not_found")
        assert [one["id"] for one in token.conversations()] == [conversation_id]
        assert page.init(token.value, visitorToken=browser.secret).json["visitor"]["id"] != browser.visitor

    def test_answer_is_the_same_for_an_unknown_secret(self, browser, page, token, create):
        elsewhere = Browser(page, create().value)
        for secret in (MADE_UP, "x", elsewhere.secret):
            assert browser.reset(secret).json == {"reset": True}
        answer = page.send("POST", f"/v1/client/visitor/reset?sessionId={browser.session}", None)
        assert (answer.status_code, answer.json) == (200, {"reset": True})
        assert elsewhere.list() == {"data": [], "nextCursor": None}
        assert browser.list() == {"data": [], "nextCursor": None}

    def test_writes_nothing_for_an_unknown_secret(self, browser, calls):
        calls.clear()
        browser.reset(MADE_UP)
        assert calls == ["GetItem", "BatchGetItem", "UpdateItem"]

    def test_can_be_repeated(self, browser):
        assert browser.reset().json == browser.reset().json == {"reset": True}
