"""The commands of the pages, pasted into a shell in the order in which they stand."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from infra.local.template import ROOT
from tests.docs import pages

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None and "CI" not in os.environ, reason="curl is not installed: apt-get install curl"
)


@pytest.fixture
def workspace(stack, tmp_path):
    """A folder like the repository after `make install`, with a running stack."""
    (tmp_path / ".local").mkdir()
    shutil.copy(stack.state_file, tmp_path / ".local/stack.json")
    return tmp_path


@pytest.fixture
def paste(stack, workspace):
    """`paste(commands)` is the JSON documents that they print."""

    def paste(commands):
        script = "set -euo pipefail\n" + "\n".join(commands)
        script = script.replace("curl -s", "curl -sS").replace("http://127.0.0.1:3000", stack.url)
        script = script.replace(".venv/bin/python", sys.executable)
        done = subprocess.run(
            ["/bin/bash", "-c", script],
            cwd=workspace,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return _documents(done.stdout)

    return paste


def _documents(printed):
    decoder, found = json.JSONDecoder(), []
    while (start := printed.find("{")) >= 0:
        document, end = decoder.raw_decode(printed[start:])
        found.append(document)
        printed = printed[start + end :]
    return found


def _is_error(document):
    return "error" in document


def _has_the_form_of(shown, found):
    """Whether both have the same names everywhere. A list may be empty in one of them."""
    if isinstance(shown, dict) and isinstance(found, dict):
        return shown.keys() == found.keys() and all(_has_the_form_of(shown[name], found[name]) for name in shown)
    if isinstance(shown, list) and isinstance(found, list):
        return not (shown and found) or _has_the_form_of(shown[0], found[0])
    return True


def test_managing_tokens_can_be_pasted_from_top_to_bottom(paste):
    text = pages.read("docs/managing-tokens.md")
    found = paste(pages.blocks(text, "sh"))
    assert len(found) >= 10
    assert [document for document in found if _is_error(document)] == []
    *shown, error = [json.loads(block) for block in pages.blocks(text, "json")]
    assert _is_error(error)
    assert [one for one in shown if not any(_has_the_form_of(one, document) for document in found)] == []


def test_sdk_example_creates_a_token(stack):
    (code,) = pages.blocks(pages.read("docs/managing-tokens.md"), "python")
    names = {}
    exec(code.replace("ctk_...", stack.api_key).replace("http://127.0.0.1:3000", stack.url), names)  # noqa: S102
    assert names["created"].token.startswith("eyJ")


def test_targets_can_be_pasted(paste):
    assert [
        document for document in paste(pages.blocks(pages.read("docs/targets.md"), "sh")) if _is_error(document)
    ] == []


def test_lambda_target_of_the_page_answers_the_event_of_the_page():
    (code,) = pages.blocks(pages.read("docs/targets.md"), "python")
    (event,) = pages.blocks(pages.read("docs/targets.md"), "json")
    names = {}
    exec(code, names)  # noqa: S102
    assert "Do you sell tea?" in names["handler"](json.loads(event), None)["text"]


def test_lambda_event_of_the_page_has_every_field():
    (event,) = pages.blocks(pages.read("docs/targets.md"), "json")
    source = (ROOT / "shared/targets/aws_lambda.py").read_text(encoding="utf-8")
    sent = source.partition("def _event(")[2]
    assert list(json.loads(event)) == re.findall(r'^        "(\w+)":', sent, re.MULTILINE)
