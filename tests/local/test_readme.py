"""The README's commands, pasted one after another, in the order in which they stand."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from infra.local import access
from infra.local.template import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None and "CI" not in os.environ, reason="curl is not installed: apt-get install curl"
)


def blocks(section):
    """What a shell is given in a section: its blocks that name no other language."""
    text = README.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return [
        block
        for language, block in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
        if not language
    ]


def paste(commands, directory, **environment):
    """Everything that is printed on standard output."""
    script = "set -euo pipefail\n" + "\n".join(commands).replace("curl -s", "curl -sS")
    done = subprocess.run(
        ["/bin/bash", "-c", script],
        cwd=directory,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def answers(printed):
    """JSON after JSON."""
    decoder, found = json.JSONDecoder(), []
    while printed := printed.lstrip():
        answer, end = decoder.raw_decode(printed)
        found.append(answer)
        printed = printed[end:]
    return found


def test_deploying_from_the_first_key_to_a_token_that_chats(stack, tmp_path):
    """All but `sam` and the address that it prints."""
    first_key, first_token = (block for block in blocks("Deploy") if "keys create" in block or "curl" in block)
    commands = [first_key.replace("make install\n", ""), first_token]
    commands = [
        text.replace(".venv/bin/python", sys.executable)
        .replace("--stack client-tokens", f"--stack {stack.stack_name}")
        .replace("https://abc123.execute-api.us-east-1.amazonaws.com/api", stack.url)
        for text in commands
    ]
    environment = {**access.variables(stack.aws_endpoint), "PYTHONPATH": str(ROOT)}
    (created,) = answers(paste(commands, tmp_path, **environment))
    assert created["clientToken"]["flowIds"] == ["flow_trial"]
    opening = f"""curl -s {stack.url}/v1/client/init -H 'Content-Type: application/json' \
        -H 'Origin: https://www.example.com' -d '{{"token": "{created["token"]}"}}'"""
    (opened,) = answers(paste([opening], tmp_path))
    assert opened["targetId"] == "flow_trial"
