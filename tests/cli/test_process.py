"""The command as a separate process, as a shell runs it."""

import functools
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.local import access, cloud
from shared.rules import digest
from shared.store import api_keys, targets
from tests.command import CLIENT_TOKENS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def python(local_stack):
    """`python(...)`: run by an operator with a local stack and no AWS settings in the environment."""

    def python(*words, stdout=subprocess.PIPE, environment=None, closed=""):
        """`closed`: the streams that are closed, as a shell spells it."""
        return subprocess.run(
            ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, *words],
            env=local_stack | (environment or {}),
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    return python


@pytest.fixture
def operate(python):
    return functools.partial(python, *CLIENT_TOKENS[1:])


def test_local_stack_is_reached_without_any_setting(operate):
    made = operate("keys", "create", "--local", "--tenant", "process", "--name", "CI")
    assert made.returncode == 0
    assert "Send it to the API at http://127.0.0.1:3000 in" in made.stderr
    assert api_keys.find(digest.sha256_hex(made.stdout.strip())).tenant == "process"


@pytest.mark.parametrize(
    ("kind", "setting"),
    [
        ("bedrock", "model_id=m"),
        ("aws_lambda", "function_arn=arn:aws:lambda:us-east-1:123456789012:function:assistant"),
    ],
)
def test_targets_that_cannot_answer_locally_are_refused(operate, kind, setting):
    words = ("targets", "register", "--local", "--tenant", "process-kinds", "flow_x", "--kind", kind, "--set", setting)
    ended = operate(*words)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"A target of kind {kind} cannot answer in the local stack" in ended.stderr
    assert targets.list_by_tenant("process-kinds") == []


def test_local_target_may_be_a_model_on_this_machine_with_a_key(operate):
    """Without a warning: no role limits what functions of the local stack read."""
    secret = "secret_arn=arn:aws:secretsmanager:us-east-1:123456789012:secret:key"
    words = ("--set", "base_url=http://127.0.0.1:11434/v1", "--set", "model=llama3.2", "--set", secret)
    ended = operate("targets", "register", "--local", "--tenant", "process-model", "flow_x", "--kind", "openai", *words)
    assert (ended.returncode, ended.stdout) == (0, "")
    assert "Warning" not in ended.stderr
    (registered,) = targets.list_by_tenant("process-model")
    assert registered.settings["base_url"] == "http://127.0.0.1:11434/v1"


def test_environment_settings_decide_how_aws_is_reached(operate, aws_endpoint):
    words = ("keys", "list", "--stack", cloud.STACK_NAME, "--tenant", "process-env", "--json")
    listed = operate(*words, environment=access.variables(aws_endpoint))
    assert (listed.returncode, listed.stdout, listed.stderr) == (0, "[]\n", "")


@pytest.mark.parametrize("words", ["--help", "targets list --local --tenant process --json"])
def test_closed_pipe_causes_no_traceback(operate, words):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing) as pipe:
        ended = operate(*words.split(), stdout=pipe)
    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.parametrize("closed", ["<&-", "<&- 2>&-"])
def test_closed_input_is_no_terminal_to_ask_on(operate, closed):
    words = ("--local", "--tenant", "process-closed", "flow_a")
    operate("targets", "register", *words, "--kind", "echo")
    ended = operate("targets", "remove", *words, closed=closed)
    assert (ended.returncode, ended.stdout) == (1, "")
    said = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]
    asked = "Error: Nothing has changed: there is no terminal to ask on. Add --yes to go ahead, or --dry-run to look."
    assert said == ([asked] if closed == "<&-" else [])
    assert len(targets.list_by_tenant("process-closed")) == 1


def test_closed_output_causes_no_traceback(operate):
    operate("targets", "register", "--local", "--tenant", "process-mute", "flow_a", "--kind", "echo")
    ended = operate("targets", "list", "--local", "--tenant", "process-mute", closed=">&-")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_characters_that_the_terminal_lacks_are_escaped(operate):
    words = ("--local", "--tenant", "process-é")
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    made = operate("keys", "create", *words, "--name", "Zoë 😀")
    listed = operate("keys", "list", *words, environment=ascii_only)
    assert (made.returncode, listed.returncode, listed.stderr) == (0, 0, "")
    assert r"Zo\xeb \U0001f600" in listed.stdout
    assert "process-\\xe9\n" in operate("tenants", "list", "--local", environment=ascii_only).stdout.replace(" ", "\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_error_names_the_key_whose_value_was_not_written(operate):
    with Path("/dev/full").open("w") as full:
        ended = operate("keys", "create", "--local", "--tenant", "process-full", "--name", "CI", stdout=full)
    (key,) = api_keys.list_by_tenant("process-full", at=datetime.now(UTC))
    assert ended.returncode == 1
    assert key.id in ended.stderr
    assert ended.stderr.endswith("Error: [Errno 28] No space left on device.\n")


def test_help_does_not_load_botocore(python):
    program = "from infra.cli.main import main; main(['keys', 'list', '--help'])"
    ended = python("-X", "importtime", "-c", program)
    assert "infra.cli.keys" in ended.stderr
    assert "botocore" not in ended.stderr
