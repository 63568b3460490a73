"""What a page displays instead of a message: text for eyes alone, which no target receives."""

import pytest

from shared.store import table
from tests.aws.event_stream import function_answer
from tests.aws.network import NETWORK, Answer
from tests.functions.page import assert_refused, events, reply
from tests.functions.returning_visitors import UNKNOWN, Browser
from tests.functions.stored import beside

ASSISTANT = "arn:aws:lambda:us-east-1:123456789012:function:assistant"


@pytest.fixture
def token(create):
    return create(rateLimitPerMinute=1000, rateLimitPerHour=10_000)


@pytest.fixture
def browser(page, token):
    browser = Browser(page, token.value)
    page.say(browser.session, "Question", message_id="usr_1", assistantMessageId="ast_1")
    return browser


def project(browser, *messages, conversation_id=None, **shown):
    path = f"/v1/client/conversations/{conversation_id or browser.conversation_id}/display-projections"
    session, secret = shown.get("session", browser.session), shown.get("secret", browser.secret)
    body = {"messages": [{"id": name, "displayContent": text} for name, text in messages]}
    return browser.page.send("PATCH", f"{path}?sessionId={session}", body, [("X-Visitor-Token", secret)])


def shown(browser):
    return [one.get("displayContent") for one in browser.read(browser.conversation_id)["messages"]]


def test_display_is_shown_and_changes_revision_and_preview_only(browser, clock):
    before = browser.list()["data"][0]
    clock.forward(minutes=5)
    assert project(browser, ("ast_1", "Nicely put")).json == {"conversationRevision": "1.1"}
    assert shown(browser) == [None, "Nicely put"]
    assert browser.list()["data"][0] == before | {"preview": "Nicely put"}
    assert browser.read(browser.conversation_id)["conversationRevision"] == "1.1"
    assert browser.read(browser.conversation_id)["messages"][1]["content"] == "You said: Question"


def test_empty_display_has_no_preview(browser):
    assert project(browser, ("ast_1", "")).status_code == 200
    assert shown(browser) == [None, ""]
    assert browser.list()["data"][0]["preview"] is None


def test_same_text_again_writes_nothing(browser, calls):
    project(browser, ("ast_1", "Nicely put"))
    calls.clear()
    assert project(browser, ("ast_1", "Nicely put")).json == {"conversationRevision": "1.1"}
    assert calls == ["GetItem", "BatchGetItem", "UpdateItem", "Query"]


def test_both_messages_of_a_turn_at_once(browser):
    assert project(browser, ("usr_1", "Asked"), ("ast_1", "Answered")).json == {"conversationRevision": "1.1"}
    assert shown(browser) == ["Asked", "Answered"]


def test_structured_text_is_shown_once_it_has_a_display(browser, register):
    project(browser, ("ast_1", "A form"))
    (one,) = [one for one in browser.read(browser.conversation_id)["messages"] if one["id"] == "ast_1"]
    assert one["displayAvailable"] is True


def test_404_unknown_message_changes_none(browser):
    answer = project(browser, ("ast_1", "Nicely put"), ("ast_unknown", "x"))
    assert_refused(answer, 404, "conversation_not_found")
    assert shown(browser) == [None, None]


def test_404_is_the_same_for_every_conversation_of_others(browser, page, token):
    other = Browser(page, token.value)
    page.say(other.session, message_id="usr_2", assistantMessageId="ast_2")
    for conversation_id in (UNKNOWN, other.conversation_id, "x"):
        answer = project(browser, ("ast_2", "Forged"), conversation_id=conversation_id)
        assert_refused(answer, 404, "conversation_not_found")
    assert shown(other) == [None, None]


def test_404_own_conversation_that_the_session_is_not_on(browser, page, token):
    elsewhere = page.init(token.value, visitorToken=browser.secret).json
    page.say(elsewhere["sessionId"], message_id="usr_2", assistantMessageId="ast_2")
    answer = project(browser, ("ast_2", "Shown"), conversation_id=elsewhere["conversationId"])
    assert_refused(answer, 404, "conversation_not_found")
    assert [one.get("displayContent") for one in browser.read(elsewhere["conversationId"])["messages"]] == [None, None]


def test_404_after_the_deletion(browser):
    browser.ask("DELETE", f"/{browser.conversation_id}")
    assert_refused(project(browser, ("ast_1", "Late")), 404, "conversation_not_found")


def test_deletion_meanwhile_wins(browser, at_call):
    deleted = []
    at_call(5, lambda: deleted.append(browser.ask("DELETE", f"/{browser.conversation_id}").json))
    assert_refused(project(browser, ("ast_1", "Late")), 404, "conversation_not_found")
    assert deleted == [{"deleted": 1}]
    assert all("reply_display" not in item for item in beside(browser.session, "MESSAGE#"))


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [("ast_1", "x" * 32_769)],
        [("ast_1", "x" * 32_768), ("usr_1", "x" * 16_385)],
        [(f"ast_{number}", "x") for number in range(100)],
        [("", "x")],
    ],
    ids=["none", "long", "long together", "many", "no id"],
)
def test_400_too_much_to_display(browser, calls, messages):
    calls.clear()
    assert_refused(project(browser, *messages), 400, "invalid_request")
    assert calls == []


def test_400_more_bytes_than_a_turn_can_hold(browser):
    assert_refused(project(browser, ("ast_1", "\N{GRINNING FACE}" * 32_768)), 400, "display_too_large")
    assert project(browser, ("ast_1", "\N{GRINNING FACE}" * 24_576)).status_code == 200
    assert_refused(project(browser, ("usr_1", "x")), 400, "display_too_large")
    assert shown(browser)[0] is None


def test_no_displays_are_too_much_for_one_response(browser, page):
    """A control character takes seven bytes of a response."""
    wild = "\x01" * 32_000
    for number in range(2, 16):
        message = {"id": f"usr_{number}", "role": "user", "content": wild[:8000], "displayContent": wild}
        body = {"sessionId": browser.session, "messages": [message], "assistantMessageId": f"ast_{number}"}
        assert page.post("chat", body).status_code == 200
        assert project(browser, (f"ast_{number}", wild)).status_code == 200
    assert browser.read(browser.conversation_id)["nextMessageCursor"]


def test_chat_stores_what_is_displayed_of_the_new_message(browser, page, assistant):
    content = {"id": "usr_2", "role": "user", "content": "Tell me about @tea {expanded}", "displayContent": "@tea?"}
    body = {"sessionId": browser.session, "messages": [content], "assistantMessageId": "ast_2"}
    assert page.post("chat", body).status_code == 200
    assert shown(browser) == [None, None, "@tea?", None]
    assert "@tea?" not in str(assistant)


def test_400_new_message_with_more_bytes_than_a_turn_can_hold(browser, page):
    message = {"id": "usr_2", "role": "user", "content": "Hi", "displayContent": "\N{GRINNING FACE}" * 25_000}
    answer = page.post("chat", {"sessionId": browser.session, "messages": [message]})
    assert_refused(answer, 400, "display_too_large")
    assert len(shown(browser)) == 2


def test_largest_turn_can_be_stored(browser, page, register):
    register("flow_echo", "aws_lambda", function_arn=ASSISTANT, max_message_bytes=65_536, max_input_bytes=1_048_576)
    smile = "\N{GRINNING FACE}"
    suggestion = {"label": smile * 80, "prompt": smile * 500, "description": smile * 160}
    said = {"text": "x" * 200 * 1024, "suggestions": [suggestion] * 4}
    message = {"id": "usr_2", "role": "user", "content": "x" * 65_536, "displayContent": smile * 24_576}
    with NETWORK.hooked(lambda one: Answer(200, function_answer(said)) if one.service == "lambda" else None):
        answer = page.post("chat", {"sessionId": browser.session, "messages": [message]})
    assert events(answer)[-1][0] == "execution_complete"
    assert shown(browser)[2] == smile * 24_576


def test_largest_paused_turn_can_be_stored(browser, page, register):
    register("flow_echo", "aws_lambda", function_arn=ASSISTANT, max_message_bytes=65_536, max_input_bytes=1_048_576)
    called = {"toolCalls": [{"name": "ask", "parameters": {"question": "x" * 61 * 1024}}]}
    body = {
        "sessionId": browser.session,
        "messages": [
            {"id": "usr_2", "role": "user", "content": "x" * 65_536, "displayContent": "\N{GRINNING FACE}" * 24_576}
        ],
        "clientTools": [{"name": "ask", "description": "Asks", "parametersSchema": {"type": "object"}}],
        "context": {"page": "x" * 159 * 1024},
    }
    with NETWORK.hooked(lambda one: Answer(200, function_answer(called)) if one.service == "lambda" else None):
        answer = page.post("chat", body)
    assert events(answer)[-1][0] == "await"
    assert shown(browser)[-1] == body["messages"][0]["displayContent"]


def test_title_is_what_was_displayed(page, token):
    browser = Browser(page, token.value)
    content = {"id": "usr_1", "role": "user", "content": "@tea {expanded}", "displayContent": "@tea?"}
    page.post("chat", {"sessionId": browser.session, "messages": [content]})
    assert browser.list()["data"][0]["title"] == "@tea?"
    page.post("chat", {"sessionId": browser.session, "messages": [content | {"id": "usr_2", "displayContent": "No"}]})
    assert browser.list()["data"][0]["title"] == "@tea?"


def test_title_stays_when_a_later_message_has_a_display(browser, page):
    content = {"id": "usr_2", "role": "user", "content": "@tea {expanded}", "displayContent": "@tea?"}
    page.post("chat", {"sessionId": browser.session, "messages": [content]})
    assert browser.list()["data"][0]["title"] == "Question"


class TestSentAgain:
    """A page sends what it displays again with each message: what it could not store by itself arrives so."""

    @staticmethod
    def resend(browser, *shown_before, text="Go on", message_id="usr_2"):
        roles = {"usr": "user", "ast": "assistant"}
        before = [{"id": name, "role": roles[name[:3]], "content": "", **display} for name, display in shown_before]
        return browser.page.say(
            browser.session, text, message_id=message_id, before=before, assistantMessageId=f"ast_{message_id[4:]}"
        )

    def test_display_of_known_messages_is_stored(self, browser, clock):
        updated = browser.list()["data"][0]["updatedAt"]
        clock.forward(minutes=5)
        assert self.resend(browser, ("usr_1", {"displayContent": "Asked"}), ("ast_1", {"displayContent": ""}))
        assert shown(browser) == ["Asked", "", None, None]
        assert browser.read(browser.conversation_id)["conversationRevision"] == "2.1"
        assert browser.read(browser.conversation_id)["messages"][0]["content"] == "Question"
        assert updated < browser.list()["data"][0]["updatedAt"]

    def test_message_that_is_repeated_gets_its_display(self, browser):
        message = {"id": "usr_1", "role": "user", "content": "Other", "displayContent": "Asked"}
        answer = browser.page.post("chat", {"sessionId": browser.session, "messages": [message]})
        assert reply(answer) == "You said: Question"
        assert shown(browser) == ["Asked", None]
        assert browser.read(browser.conversation_id)["conversationRevision"] == "1.1"

    def test_same_text_again_writes_nothing(self, browser, calls):
        calls.clear()
        self.resend(browser)
        plain, resent = list(calls), ("ast_1", {"displayContent": "Answered"})
        self.resend(browser, resent, message_id="usr_3")
        calls.clear()
        self.resend(browser, resent, message_id="usr_4")
        assert sorted(calls) == sorted([*plain, "Query"])
        assert browser.read(browser.conversation_id)["conversationRevision"] == "4.1"

    def test_display_that_is_the_text_itself_writes_nothing(self, browser, calls):
        self.resend(browser, ("ast_1", {"displayContent": "You said: Question"}))
        assert shown(browser)[1] is None
        assert "TransactWriteItems" not in calls

    @pytest.mark.parametrize("display", [None, 5, ["x"], "x" * 32_769, "\N{GRINNING FACE}" * 25_000])
    def test_unusable_display_of_a_known_message_is_ignored(self, browser, display):
        assert self.resend(browser, ("ast_1", {"displayContent": display})).status_code == 200
        assert shown(browser)[:2] == [None, None]

    def test_unknown_and_foreign_messages_are_ignored(self, browser, page, token):
        other = Browser(page, token.value)
        page.say(other.session, message_id="usr_9", assistantMessageId="ast_9")
        resent = [(name, {"displayContent": "Forged"}) for name in ("ast_9", "usr_9", "ast_unknown")]
        assert self.resend(browser, *resent, ("ast_1", {"displayContent": "Mine"})).status_code == 200
        assert shown(other) == [None, None]
        assert shown(browser)[:2] == [None, "Mine"]

    def test_of_another_session_of_the_conversation(self, browser, page, clock):
        clock.forward(minutes=1)
        opened = page.init(browser.value, visitorToken=browser.secret, conversationId=browser.conversation_id).json
        browser.session = opened["sessionId"]
        self.resend(browser, ("ast_1", {"displayContent": "Answered"}))
        assert shown(browser)[1] == "Answered"

    def test_only_the_newest_thirteen_turns_are_searched(self, browser):
        for number in range(2, 15):
            self.resend(browser, message_id=f"usr_{number}")
        resent = [(name, {"displayContent": "Answered"}) for name in ("ast_1", "ast_2")]
        self.resend(browser, *resent, message_id="usr_15")
        assert browser.list()["data"][0]["messageCount"] == 30
        stored = {one["id"]: one.get("reply_display") for one in beside(browser.session, "MESSAGE#")}
        assert (stored["usr_1"], stored["usr_2"]) == (None, "Answered")

    def test_session_of_a_forgotten_visitor_stores_nothing(self, browser):
        browser.reset()
        self.resend(browser, ("ast_1", {"displayContent": "Late"}))
        stored = table.get((f"CONVERSATION#{browser.conversation_id}", "RECORD"), at=None)
        assert "display_revision" not in stored

    def test_message_is_answered_while_other_pages_store_theirs(self, browser, contended):
        contended("CONVERSATION#", times=1)
        answer = self.resend(browser, ("ast_1", {"displayContent": "Answered"}))
        assert reply(answer) == "You said: Go on"
        assert shown(browser)[1] == "Answered"

    def test_410_deletion_meanwhile_wins(self, browser, at_call):
        deleted = []
        at_call(7, lambda: deleted.append(browser.ask("DELETE", f"/{browser.conversation_id}").json))
        answer = self.resend(browser, ("ast_1", {"displayContent": "Late"}))
        assert_refused(answer, 410, "conversation_deleted")
        assert deleted == [{"deleted": 1}]
        assert all("reply_display" not in item for item in beside(browser.session, "MESSAGE#"))


def test_no_target_receives_a_display(browser, page, assistant):
    project(browser, ("usr_1", "For eyes"), ("ast_1", "alone"))
    still_shown = [{"id": "usr_1", "role": "user", "content": ""}, {"id": "ast_1", "role": "assistant", "content": ""}]
    page.say(browser.session, "Go on", before=still_shown)
    assert "For eyes" not in str(assistant)
    assert "alone" not in str(assistant)
    assert "Question" in str(assistant)


def test_429_after_120_in_a_window_of_their_own(browser):
    answers = [project(browser, ("ast_1", "x")).status_code for _ in range(121)]
    assert answers == [200] * 120 + [429]
    assert browser.ask().status_code == 200


def test_two_pages_at_once_both_change_the_revision(browser, at_call):
    made = []
    project(browser, ("usr_1", "Before"), ("ast_1", "Before"))
    at_call(5, lambda: made.append(project(browser, ("usr_1", "Other")).json["conversationRevision"]))
    assert project(browser, ("ast_1", "Mine")).json == {"conversationRevision": "1.3"}
    assert made == ["1.2"]
    assert shown(browser) == ["Other", "Mine"]


def test_transaction_with_a_message_meanwhile_is_retried(browser, contended):
    contended("CONVERSATION#", times=1)
    assert project(browser, ("ast_1", "Nicely put")).status_code == 200


def test_all_or_nothing_is_one_transaction(browser):
    browser.page.say(browser.session, "Again", message_id="usr_2", assistantMessageId="ast_2")
    made = []
    with NETWORK.hooked(made.append):
        assert project(browser, ("ast_1", "One"), ("ast_2", "Two")).json == {"conversationRevision": "2.1"}
    (writes,) = [one.parameters["TransactItems"] for one in made if one.operation == "TransactWriteItems"]
    assert len(writes) == 3
    assert table.get((f"CONVERSATION#{browser.conversation_id}", "RECORD"), at=None)["display_revision"] == 1
