"""An answer that streams into Runtype's own widget: word by word, and to an end whatever breaks at whatever point."""

import logging
import os
import signal
import time
from pathlib import Path

import boto3
import pytest

from tests.browser.conftest import ANSWER
from tests.browser.wire import Wire
from tests.streaming_assistant import AGENT, MANY, POINTS, WHOLE, WORDS
from tests.streaming_assistant import assistant as assistant  # noqa: PLC0414 - a fixture
from tests.streaming_assistant import endpoint as endpoint  # noqa: PLC0414 - a fixture

QUESTION, NEXT = "What do you sell?", "And now?"
IDLE = "[data-persona-composer-streaming=false]"
FAILED = "The assistant could not answer. Please try again."
_log = logging.getLogger(__name__)


@pytest.fixture
def wire(stack):
    wire = Wire(stack.url)
    yield wire
    wire.close()


@pytest.fixture
def token(create):
    return create(flowIds=[], agentIds=[AGENT])


@pytest.fixture
def chat(visit, token, wire):
    """A website's page, whose connections to the API the test can cut."""
    visit(token["token"], apiUrl=wire.url)


@pytest.fixture
def ask_until(visitor, chat, endpoint):
    """`ask_until(2)`: asks, and waits until the page shows the answer's first two words."""

    def ask_until(words):
        visitor.send(QUESTION)
        visitor.wait(lambda: endpoint.asked)
        for _ in range(words):
            endpoint.before_part.release()
        if words:
            visitor.wait(lambda: shown(visitor) == "".join(WORDS[:words]).strip())
        assert not visitor.find(IDLE)

    return ask_until


@pytest.fixture
def stored(stack, management, token):
    """`stored()`: the visitor's messages and their replies in the table."""
    (table,) = boto3.resource("dynamodb", endpoint_url=stack.aws_endpoint).tables.all()

    def stored():
        path = f"/v1/client-tokens/{token['clientToken']['id']}/conversations"
        (conversation,) = management.ask("GET", path)["conversations"]
        key = {"pk": f"CONVERSATION#{conversation['id']}"}
        turns = table.query(
            KeyConditionExpression="pk = :pk AND begins_with(sk, :turns)",
            ExpressionAttributeValues={":pk": key["pk"], ":turns": "MESSAGE#"},
            ConsistentRead=True,
        )
        return [(turn["text"], turn.get("reply")) for turn in turns["Items"]]

    return stored


def shown(visitor):
    """What the last answer says by now."""
    found = visitor.find(ANSWER)
    return found[-1].text if found else ""


def test_each_word_shows_before_the_next_is_generated(visitor, chat, endpoint):
    began = time.monotonic()
    visitor.send(QUESTION)
    for number in range(1, len(WORDS) + 1):
        endpoint.before_part.release()
        expected = "".join(WORDS[:number]).strip()
        visitor.wait(lambda expected=expected: shown(visitor) == expected)
        _log.warning("word %s shows after %.0f ms", number, (time.monotonic() - began) * 1000)
        assert not visitor.find(IDLE)
    endpoint.before_part.release(MANY)
    visitor.wait(lambda: visitor.find(IDLE))
    assert shown(visitor) == WHOLE


@pytest.mark.parametrize("words", POINTS)
def test_lost_target_ends_the_answer_in_a_sentence(visitor, chat, endpoint, stored, words):
    endpoint.breaks_after = sum(map(len, endpoint.parts[: 1 + words]))
    endpoint.before_part.release(MANY)
    visitor.send(QUESTION)
    visitor.wait(lambda: visitor.find(ANSWER) and visitor.find(IDLE))
    # Paragraphs of the page, which has no blank lines.
    assert shown(visitor).split() == [*"".join(WORDS[:words]).split(), *FAILED.split()]
    assert stored() == [(QUESTION, None)]
    endpoint.breaks_after = None
    assert visitor.say(NEXT) == WHOLE
    assert stored() == [(QUESTION, None), (NEXT, WHOLE)]


@pytest.mark.parametrize("words", POINTS)
def test_page_stays_usable_after_the_function_is_killed(visitor, ask_until, endpoint, stack, stored, words):
    ask_until(words)
    kill_function(stack)
    visitor.wait(lambda: visitor.find(IDLE))
    assert "".join(WORDS[:words]).strip() in visitor.text()
    assert stored() == [(QUESTION, None)]
    endpoint.before_part.release(MANY)
    assert visitor.say(NEXT) == WHOLE
    assert stored() == [(QUESTION, None), (NEXT, WHOLE)]


@pytest.mark.parametrize("words", POINTS)
def test_page_stays_usable_after_its_connection_is_cut(visitor, ask_until, endpoint, wire, stored, words):
    """The answer is stored all the same."""
    ask_until(words)
    wire.cut()
    visitor.wait(lambda: visitor.find(IDLE))
    assert "".join(WORDS[:words]).strip() in visitor.text()
    endpoint.before_part.release(MANY)
    visitor.wait(lambda: stored() == [(QUESTION, WHOLE)])
    assert visitor.say(NEXT) == WHOLE
    assert stored() == [(QUESTION, WHOLE), (NEXT, WHOLE)]


@pytest.mark.parametrize("words", POINTS)
def test_answer_is_stored_when_the_visitor_leaves(visitor, ask_until, endpoint, stored, words):
    ask_until(words)
    visitor.driver.get("about:blank")
    endpoint.before_part.release(MANY)
    visitor.wait(lambda: stored() == [(QUESTION, WHOLE)])


def kill_function(stack):
    """Ends the process of chat that the stack has started, as a machine that fails would."""
    pids = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if _is_chat(path, stack)]
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def _is_chat(environ, stack):
    try:
        names_chat = b"_HANDLER=browser.chat.handler" in environ.read_bytes().split(b"\0")
        parent = environ.with_name("status").read_text().partition("PPid:")[2].split()[0]
    except OSError:
        return False
    return names_chat and int(parent) == stack.process.pid
