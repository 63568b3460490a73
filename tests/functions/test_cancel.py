"""A page ends an answer that waits for it: only its own visitor and session may."""

import pytest

from shared.store import conversations
from tests.functions import paused
from tests.functions.client_tools import begin, resume
from tests.functions.page import assert_refused, events, reply
from tests.functions.returning_visitors import MADE_UP, Browser
from tests.functions.stored import beside, left, messages

CALL = {"text": "Let me ask.", "toolCalls": [{"name": "ask", "parameters": {}}]}


def cancel(browser, execution, conversation_id=None, **changed):
    path = f"/{conversation_id or browser.conversation_id}/executions/{execution}/cancel"
    given = {"session": browser.session, "secret": browser.secret} | changed
    return browser.page.history("POST", path, **given)


def test_text_so_far_becomes_the_answer(page, browser, function):
    function.answers = [CALL]
    execution, (call,) = begin(page, browser.session, message_id="usr_1")
    answer = cancel(browser, execution)
    assert (answer.status_code, answer.json) == (200, {"accepted": True, "executionId": execution})
    assert messages(browser.session)[1][2] == "Let me ask."
    # Nothing invokes the target again, and nothing of the pause is kept.
    assert_refused(resume(page, browser.session, execution, {call: 1}), 409, "execution_not_paused")
    assert reply(page.say(browser.session, message_id="usr_1")) == "Let me ask."
    assert len(function.asked) == 1
    (turn,) = beside(browser.session, "MESSAGE#")
    assert "exchange" not in turn


def test_409_answer_that_is_over(page, browser, function):
    function.answers = [CALL, {"text": "Hi"}]
    execution, _ = begin(page, browser.session)
    assert cancel(browser, execution).status_code == 200
    assert_refused(cancel(browser, execution), 409, "execution_not_paused")
    never_paused = events(page.say(browser.session))[0][1]["executionId"]
    assert_refused(cancel(browser, never_paused), 409, "execution_not_paused")


def test_409_pause_that_has_ended(page, browser, function, clock):
    function.answers = [CALL]
    execution, _ = begin(page, browser.session)
    clock.forward(minutes=15)
    assert_refused(cancel(browser, execution), 409, "execution_not_paused")


def test_answer_that_is_generated_goes_on(page, browser, function):
    """Nothing can stop it, and the response says so."""
    meanwhile = []

    def ends():
        meanwhile.append(cancel(browser, execution))
        return {"text": "Green."}

    function.answers = [CALL, ends]
    execution, (call,) = begin(page, browser.session)
    assert reply(resume(page, browser.session, execution, {call: 1})) == "Green."
    assert meanwhile[0].json == {"accepted": False, "executionId": execution}


def test_404_for_everything_that_is_not_the_pages_own(page, token, browser, function):
    """Another's, another conversation's, and unknown ones: one answer."""
    function.answers = [CALL]
    execution, _ = begin(page, browser.session)
    other = Browser(page, token.value)
    elsewhere = page.init(token.value, visitorToken=browser.secret).json["sessionId"]
    answers = [
        cancel(browser, paused.UNKNOWN),
        cancel(browser, "exec_1"),
        cancel(browser, execution, conversation_id=other.conversation_id),
        cancel(browser, execution, conversation_id="conv_1"),
        cancel(other, execution),
        cancel(other, execution, conversation_id=browser.conversation_id),
        cancel(browser, execution, session=elsewhere),
        cancel(browser, execution, session=other.session),
    ]
    bodies = [assert_refused(answer, 404, "execution_not_found") | {"requestId": ""} for answer in answers]
    assert all(body == bodies[0] for body in bodies)
    assert cancel(browser, execution).json["accepted"]


def test_404_while_the_conversation_is_being_deleted(page, browser, function):
    """Its turns may still be there."""
    function.answers = [CALL]
    execution, _ = begin(page, browser.session)
    conversations.mark(browser.conversation_id, browser.visitor)
    assert_refused(cancel(browser, execution), 404, "execution_not_found")
    (turn,) = beside(browser.session, "MESSAGE#")
    assert "reply" not in turn


def test_404_deletion_meanwhile_wins(page, browser, function, at_call):
    function.answers = [CALL]
    execution, _ = begin(page, browser.session)
    deleted = []
    at_call(5, lambda: deleted.append(browser.ask("DELETE", f"/{browser.conversation_id}").json))
    assert_refused(cancel(browser, execution), 404, "execution_not_found")
    assert deleted == [{"deleted": 1}]
    assert left(browser.conversation_id) == []


def test_empty_answer_is_shown_as_nothing_and_reaches_no_target(page, browser, function):
    function.answers = [{"toolCalls": CALL["toolCalls"]}, {"text": "Good."}]
    execution, _ = begin(page, browser.session, message_id="usr_1")
    assert cancel(browser, execution).json["accepted"]
    assert events(page.say(browser.session, message_id="usr_1"))[-1][0] == "execution_complete"
    _, answer = browser.read(browser.conversation_id)["messages"]
    assert (answer["displayAvailable"], "content" in answer) == (False, False)
    assert reply(page.say(browser.session, "Go on")) == "Good."


def test_404_in_a_deleted_conversation(page, browser, function):
    function.answers = [CALL]
    execution, _ = begin(page, browser.session)
    browser.ask("DELETE", f"/{browser.conversation_id}")
    assert_refused(cancel(browser, execution), 404, "execution_not_found")


@pytest.mark.parametrize(("secret", "code"), [(None, "visitor_token_required"), (MADE_UP, "visitor_not_found")])
def test_401_without_the_visitors_secret(page, browser, function, secret, code):
    function.answers = [CALL]
    execution, _ = begin(page, browser.session)
    assert_refused(cancel(browser, execution, secret=secret), 401, code)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer ctk_x"}, {"Authorization": "x"}])
def test_404_receipts_of_joined_input_whatever_the_credential(browser, headers):
    """No message joins an answer, so no function serves receipts. The SDK sends its API key."""
    path = f"/{browser.conversation_id}/executions/exec_1/deliveries/delivery_1"
    answer = browser.ask("GET", path, **headers)
    assert_refused(answer, 404, "not_found")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert browser.ask("DELETE", path, **headers).headers["Allow"] == "GET, OPTIONS"
