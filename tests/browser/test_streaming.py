"""An answer that streams into Runtype's own widget: word by word, and to an end whatever breaks."""

import logging
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from infra.local.template import ROOT
from tests.browser.conftest import ANSWER
from tests.command import CLIENT_TOKENS
from tests.targets.chat_completions import answer
from tests.targets.chat_completions import endpoint as endpoint  # noqa: PLC0414 - a fixture

WORDS = ["Green ", "tea, ", "black ", "tea, ", "and ", "oolong."]
IDLE = "[data-persona-composer-streaming=false]"
MANY = 1000
_log = logging.getLogger(__name__)
FAILED = "The assistant could not answer. Please try again."


@pytest.fixture
def register(stack, tmp_path):
    """Registers a target with the developer's command line, which may name an address of this machine."""
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local/stack.json").symlink_to(stack.state_file)

    def register(target_id, *settings):
        words = ["targets", "register", "--local", "--yes", "--tenant", "demo", target_id, *settings]
        subprocess.run([*CLIENT_TOKENS, *words], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True)

    return register


@pytest.fixture
def chat(visit, create, register, endpoint):
    """The page of a website whose assistant says these words, each one when the test lets it."""
    register("agent_tea", "--kind=openai", f"--set=base_url={endpoint.url}", "--set=model=tea-1")
    endpoint.streams(*answer(*WORDS))
    endpoint.before_part = threading.Semaphore(0)
    token = create(flowIds=[], agentIds=["agent_tea"])
    visit(token["token"])
    yield token
    endpoint.before_part.release(MANY)


def shown(visitor):
    """What the last answer says by now."""
    found = visitor.find(ANSWER)
    return found[-1].text if found else ""


def until_first_word(visitor, text="What do you sell?"):
    visitor.send(text)
    visitor.wait(lambda: shown(visitor) == WORDS[0].strip())


def test_each_word_shows_before_the_next_is_generated(visitor, chat, endpoint):
    began = time.monotonic()
    visitor.send("What do you sell?")
    for number in range(1, len(WORDS) + 1):
        expected = "".join(WORDS[:number]).strip()
        visitor.wait(lambda expected=expected: shown(visitor) == expected)
        _log.warning("word %s shows after %.0f ms", number, (time.monotonic() - began) * 1000)
        assert not visitor.find(IDLE)
        endpoint.before_part.release()
    endpoint.before_part.release(MANY)
    visitor.wait(lambda: visitor.find(IDLE))
    assert shown(visitor) == "".join(WORDS)


@pytest.mark.parametrize("words", range(1, len(WORDS)))
def test_broken_off_answer_ends_in_a_sentence(visitor, chat, endpoint, words):
    endpoint.breaks_after = sum(map(len, endpoint.parts[: 1 + words]))
    endpoint.before_part.release(MANY)
    visitor.send("What do you sell?")
    visitor.wait(lambda: visitor.find(ANSWER) and visitor.find(IDLE))
    # Paragraphs of the page, which has no blank lines.
    assert shown(visitor).split() == [*"".join(WORDS[:words]).split(), *FAILED.split()]
    endpoint.breaks_after = None
    assert visitor.say("And now?") == "".join(WORDS)


def test_page_stays_usable_after_the_function_is_killed(visitor, chat, endpoint, stack):
    until_first_word(visitor)
    kill_function(stack)
    endpoint.before_part.release(MANY)
    visitor.wait(lambda: visitor.find(IDLE))
    assert WORDS[0].strip() in visitor.text()
    assert visitor.say("And now?") == "".join(WORDS)


def test_answer_is_stored_when_the_visitor_leaves(visitor, chat, endpoint, management):
    until_first_word(visitor)
    visitor.driver.get("about:blank")
    endpoint.before_part.release(MANY)
    path = f"/v1/client-tokens/{chat['clientToken']['id']}/conversations"
    visitor.wait(lambda: management.ask("GET", path)["conversations"][0]["messageCount"] == 2)


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
