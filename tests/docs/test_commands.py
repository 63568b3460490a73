"""The commands of the pages, pasted into a shell in order."""

import json
import os
import re
import shutil
from functools import partial

import pytest

from infra.local import access
from infra.local.template import ROOT
from tests.docs import pages
from tests.docs.shell import errors, paste
from tests.local_stack import RunningStack

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None and "CI" not in os.environ, reason="curl is not installed: apt-get install curl"
)


@pytest.fixture
def new_stack(tmp_path):
    """For commands that change the stack's initial data."""
    running = RunningStack(tmp_path)
    yield running
    assert running.stop() == 0


def _has_the_form_of(shown, found):
    """Whether both have the same keys at every level. A list may be empty in one of them."""
    if isinstance(shown, dict) and isinstance(found, dict):
        return shown.keys() == found.keys() and all(_has_the_form_of(shown[name], found[name]) for name in shown)
    if isinstance(shown, list) and isinstance(found, list):
        return not (shown and found) or _has_the_form_of(shown[0], found[0])
    return True


def test_managing_tokens_commands_can_be_pasted_in_order(stack, tmp_path):
    text = pages.read("docs/managing-tokens.md")
    found = paste(pages.blocks(text, "sh"), tmp_path, stack)
    assert len(found) >= 10
    assert errors(found) == []
    *shown, error = [json.loads(block) for block in pages.blocks(text, "json")]
    assert errors([error])
    assert [one for one in shown if not any(_has_the_form_of(one, document) for document in found)] == []


def test_readme_commands_can_be_pasted_in_order(new_stack, tmp_path):
    sections = map(partial(pages.section, "README.md"), ("Quick start", "Put it in a page", "Manage tokens"))
    run, *commands = [block for text in sections for block in pages.blocks(text, "sh")]
    assert run == "make run\n"
    commands = [re.sub("^python3 -m http.server .*", "", block, flags=re.MULTILINE) for block in commands]
    switched_off, listed, regenerated, conversations = paste(commands, tmp_path, new_stack)
    assert switched_off["clientToken"]["id"] == new_stack.client_token_id
    assert switched_off["clientToken"]["isActive"] is False
    assert "My page" in {token["name"] for token in listed["clientTokens"]}
    assert regenerated["previousValueExpiresAt"]
    assert "conversations" in conversations


def test_readme_shows_the_first_lines_of_the_greeting(stack):
    (shown,) = pages.blocks(pages.section("README.md", "Quick start"), "text")
    shown = shown.replace("http://127.0.0.1:3001", stack.demo_url).replace("http://127.0.0.1:3000", stack.url)
    greeting = shown.partition("...\n")[2]
    assert greeting.startswith("The API listens on")
    assert greeting in "".join(stack.lines)


def test_deploy_page_creates_the_first_key_and_token(stack, tmp_path):
    """All commands except `sam`, whose printed address is replaced."""
    blocks = pages.blocks(pages.section("docs/deploy.md", "In short"), "sh")
    first_key, first_token = [block for block in blocks if "keys create" in block or "curl" in block]
    commands = [
        text.replace("make install\n", "")
        .replace("--stack client-tokens", f"--stack {stack.stack_name}")
        .replace("https://abc123.execute-api.us-east-1.amazonaws.com/api", stack.url)
        for text in (first_key, first_token)
    ]
    (created,) = paste(commands, tmp_path, stack, **access.variables(stack.aws_endpoint))
    assert created["clientToken"]["flowIds"] == ["flow_trial"]
    opening = f"""curl -s {stack.url}/v1/client/init -H 'Content-Type: application/json' \
        -H 'Origin: https://www.example.com' -d '{{"token": "{created["token"]}"}}'"""
    (opened,) = paste([opening], tmp_path, stack)
    assert opened["targetId"] == "flow_trial"


@pytest.mark.parametrize("page", ["README.md", "docs/managing-tokens.md"])
def test_sdk_example_creates_a_token(stack, page):
    (code,) = pages.blocks(pages.read(page), "python")
    names = {}
    exec(code.replace("ctk_...", stack.api_key).replace("http://127.0.0.1:3000", stack.url), names)  # noqa: S102
    assert names["created"].token.startswith("eyJ")


def test_targets_commands_can_be_pasted(stack, tmp_path):
    assert errors(paste(pages.blocks(pages.read("docs/targets.md"), "sh"), tmp_path, stack)) == []


def test_documented_lambda_target_answers_the_documented_event():
    (code,) = pages.blocks(pages.section("docs/targets.md", "Write a Lambda target"), "python")
    assert "Do you sell tea?" in _handler(code)(_documented_event(), None)["text"]


def test_documented_lambda_target_calls_a_tool_and_goes_on():
    (code,) = pages.blocks(pages.section("docs/targets.md", "Tools of the page"), "python")
    handler, event = _handler(code), _documented_event()
    assert handler(event, None) == {"text": "Green or black?"}
    offered = event | {"tools": [{"name": "ask_user_question"}]}
    (call,) = handler(offered, None)["toolCalls"]
    assert call["name"] == "ask_user_question"
    assert handler(offered | {"toolResults": [call | {"output": "Green"}]}, None) == {"text": "You chose Green."}


def _handler(code):
    names = {}
    exec(code, names)  # noqa: S102
    return names["handler"]


def _documented_event():
    *_, event = pages.blocks(pages.section("docs/targets.md", "Write a Lambda target"), "json")
    return json.loads(event)


def test_documented_lambda_event_has_every_field():
    source = (ROOT / "shared/targets/aws_lambda.py").read_text(encoding="utf-8")
    sent = source.partition("def _event(")[2]
    assert list(_documented_event()) == re.findall(r'^        "(\w+)":', sent, re.MULTILINE)
