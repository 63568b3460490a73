"""An assistant behind the running stack that says each word when a test lets it."""

import os
import subprocess
import threading

import pytest

from tests.command import CLIENT_TOKENS
from tests.local_stack import ROOT
from tests.targets.chat_completions import Server, answer

AGENT = "agent_tea"
WORDS = ["Green ", "tea, ", "and ", "oolong."]
WHOLE = "".join(WORDS)
# Before the first word, and after each. After the last, the end is still missing.
POINTS = range(len(WORDS) + 1)
MANY = 1000


@pytest.fixture(scope="module")
def assistant(stack, tmp_path_factory):
    """Registered with the developer's command line, which may name an address of this machine."""
    folder = tmp_path_factory.mktemp("developer")
    (folder / ".local").mkdir()
    (folder / ".local/stack.json").symlink_to(stack.state_file)
    server = Server()
    words = ["targets", "register", "--local", "--yes", "--tenant", "demo", AGENT, "--kind=openai"]
    settings = [f"--set=base_url={server.url}", "--set=model=tea-1"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([*CLIENT_TOKENS, *words, *settings], cwd=folder, env=environment, check=True)
    yield server
    server.close()


@pytest.fixture
def endpoint(assistant):
    """The assistant says these words, each one when the test lets it."""
    assistant.asked.clear()
    assistant.streams(*answer(*WORDS))
    assistant.breaks_after, assistant.before_part, assistant.withholds_from = None, threading.Semaphore(0), 1
    yield assistant
    assistant.before_part.release(MANY)
