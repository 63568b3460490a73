"""The operator's command line in this process, against the stack of this run."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse

from infra.cli import stack
from infra.cli.main import main
from infra.local import cloud
from infra.local.template import ROOT
from shared.rules.target import KINDS
from shared.store import table
from shared.targets import answering
from tests.aws.fixtures import aws_answers  # noqa: F401 - a fixture
from tests.aws.in_memory import FUNCTIONS_VARIABLES
from tests.cli.examined import served, world  # noqa: F401 - fixtures
from tests.functions.interruptions import at_call  # noqa: F401 - a fixture


@dataclass(frozen=True)
class Outcome:
    """`endpoint`: the AWS endpoint that the store used."""

    status: int
    out: str
    err: str
    endpoint: str | None


@pytest.fixture(scope="session", autouse=True)
def _table_of_this_run():
    """The store keeps its client, and a command would point it elsewhere: other tests use it, too."""
    table.get(("warm", "warm"), at=None)


@pytest.fixture(autouse=True)
def _as_in_a_process_of_its_own(monkeypatch, tmp_path):
    """A command looks for the local stack in the current folder."""
    session = botocore.session.get_session()
    # The service models are the same for all sessions, and slow to load again.
    session.register_component("data_loader", stack.session.get_component("data_loader"))
    monkeypatch.setattr(stack, "session", session)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys):
    """`run("keys", "list", ...)`: runs the command with exactly these words."""

    def run(*words):
        # A command sets up AWS for its whole process: modules that other tests use must not be loaded while it runs.
        for kind in KINDS:
            answering.load(kind)
        before = dict(os.environ)
        # An operator has none of them.
        for name in FUNCTIONS_VARIABLES:
            os.environ.pop(name, None)
        try:
            status = main(words)
        except SystemExit as left:
            status = left.code
        finally:
            endpoint = os.environ.get("AWS_ENDPOINT_URL")
            os.environ.clear()
            os.environ.update(before)
        return Outcome(status, *capsys.readouterr(), endpoint)

    return run


@pytest.fixture
def operate(run):
    """Runs a command for this run's stack, with a default tenant."""

    def operate(noun, verb, *words):
        tenant = () if "--tenant" in words else ("--tenant", "acme")
        # If --stack is repeated, the last one counts.
        return run(noun, verb, "--stack", cloud.STACK_NAME, *tenant, *words)

    return operate


@pytest.fixture(scope="session")
def aws_endpoint():
    """The AWS of this run, over HTTP."""
    server, endpoint = cloud.serve()
    yield endpoint
    server.stop()


@pytest.fixture
def local_stack(aws_endpoint):
    """Where commands are started, a local stack runs. The variables of an operator without any settings of AWS."""
    Path(".local").mkdir()
    state = {"url": "http://127.0.0.1:3000", "awsEndpoint": aws_endpoint, "stackName": cloud.STACK_NAME}
    Path(".local/stack.json").write_text(json.dumps(state))
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(Path.cwd()), "PYTHONWARNINGS": "error"}


@pytest.fixture
def refuse():
    """`refuse(code, message)`: AWS's error when a command looks for the stack."""

    def refuse(code, message):
        def answer(**_):
            error = {"Code": code, "Message": message}
            return AWSResponse("", 400, {}, None), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}

        stack.session.get_component("event_emitter").register_first("before-call.*.DescribeStacks", answer)

    return refuse
