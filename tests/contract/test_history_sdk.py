"""The SDK as a visitor who comes back: every method of a history answers with the types of the SDK."""

import pytest
from runtype._generated.errors import ForbiddenError, NotFoundError, UnauthorizedError

ORIGIN = "https://app.example.com"
FROM_THE_PAGE = {"additional_headers": {"Origin": ORIGIN}, "max_retries": 0}


class Browser:
    """A browser that keeps its visitor's secret."""

    def __init__(self, runtime, token):
        self._runtime, self._token = runtime, token
        self.opened = self.init(visitorHistory=True)
        self.secret = self.opened.visitor.token
        self.shown = {"session_id": self.opened.session_id, "visitor_token": self.secret}

    def init(self, **beside):
        return self._runtime.initialize_a_client_session(
            request={"token": self._token} | beside, request_options=FROM_THE_PAGE
        )

    def say(self, text):
        messages = [{"id": f"usr_{text}", "role": "user", "content": text}]
        return self._runtime.send_a_client_chat_message(
            session_id=self.opened.session_id, messages=messages, request_options=FROM_THE_PAGE
        )

    def ask(self, method, *arguments, **fields):
        return getattr(self._runtime, method)(*arguments, **self.shown | fields, request_options=FROM_THE_PAGE)


@pytest.fixture
def create(sdk, stack):
    def create(**settings):
        body = {"name": "Web", "allowed_origins": [ORIGIN], "flow_ids": [stack.flow_id]}
        return sdk.create_client_token(**body | settings).token

    return create


@pytest.fixture
def browser(runtime, create):
    return Browser(runtime, create())


def test_visitor_comes_back(browser, stack):
    visitor = browser.opened.visitor
    assert (visitor.id[:5], visitor.token[:4], visitor.identity_status) == ("cvis_", "cvt_", "not_provided")
    again = browser.init(visitorToken=browser.secret, sessionId=browser.opened.session_id)
    assert (again.visitor.id, again.visitor.token) == (visitor.id, None)
    assert again.conversation_id == browser.opened.conversation_id


def test_history_is_listed_and_read(browser, stack):
    browser.say("One")
    listed = browser.ask("list_the_visitors_own_conversations")
    (one,) = listed.data
    assert (one.id, one.title, one.target_id) == (browser.opened.conversation_id, "One", stack.flow_id)
    assert (one.preview, one.message_count, listed.next_cursor) == ("You said: One", 2, None)
    found = browser.ask("read_one_of_the_visitors_own_conversations", one.id)
    assert [(message.role, message.content) for message in found.messages] == [
        ("user", "One"),
        ("assistant", "You said: One"),
    ]
    assert (found.conversation_revision, found.next_message_cursor) == ("1.0", None)


def test_conversation_is_deleted(browser):
    browser.say("One")
    conversation_id = browser.opened.conversation_id
    assert browser.ask("delete_one_of_the_visitors_own_conversations", conversation_id).deleted == 1
    with pytest.raises(NotFoundError):
        browser.ask("delete_one_of_the_visitors_own_conversations", conversation_id)
    assert browser.ask("delete_all_of_the_visitors_own_conversations").deleted == 0


def test_visitor_is_forgotten(browser, runtime):
    browser.say("One")
    reset = runtime.reset_the_current_browser_visitor
    assert reset(**browser.shown, request_options=FROM_THE_PAGE).reset is True
    with pytest.raises(UnauthorizedError):
        browser.ask("list_the_visitors_own_conversations")
    # The page goes on, in a conversation of its own.
    assert browser.say("Two")
    assert browser.init(visitorToken=browser.secret).visitor.token not in {None, browser.secret}


def test_errors_are_the_sdks_own(browser, create, runtime):
    with pytest.raises(NotFoundError):
        browser.ask("read_one_of_the_visitors_own_conversations", "conv_00000000000000000000000000")
    with pytest.raises(UnauthorizedError):
        browser.ask("list_the_visitors_own_conversations", visitor_token="cvt_x")
    with pytest.raises(ForbiddenError):
        Browser(runtime, create(request_options={"additional_body_parameters": {"visitorHistory": False}}))


def test_message_to_a_deleted_conversation(browser):
    browser.say("One")
    browser.ask("delete_all_of_the_visitors_own_conversations")
    with pytest.raises(Exception, match="conversation_deleted") as caught:
        browser.say("Two")
    assert caught.value.status_code == 410


def test_page_displays_another_text(browser):
    browser.say("One")
    projected = [{"id": "usr_One", "display_content": "Shown"}]
    conversation_id = browser.opened.conversation_id
    answer = browser.ask("finalize_the_visible_text_of_stored_messages", conversation_id, messages=projected)
    assert answer.conversation_revision == "1.1"
    found = browser.ask("read_one_of_the_visitors_own_conversations", conversation_id)
    assert found.messages[0].display_content == "Shown"
