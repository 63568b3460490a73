"""The operator's command line in this process, against the stack of this run."""

import os
from dataclasses import dataclass

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse

from infra.local import cloud
from infra.operator.__main__ import main
from shared import aws


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _as_in_a_process_of_its_own(monkeypatch, tmp_path):
    """A command sets up AWS for its whole process, and looks for the local stack where it is started."""
    before = dict(os.environ)
    session = botocore.session.get_session()
    # What it has read of AWS's services is the same for everybody, and slow to read again.
    session.register_component("data_loader", aws.session.get_component("data_loader"))
    monkeypatch.setattr(aws, "session", session)
    monkeypatch.chdir(tmp_path)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def run(capsys):
    """`run("keys", "list", ...)`: with exactly these words."""

    def run(*words):
        try:
            status = main(words)
        except SystemExit as left:
            status = left.code
        return Outcome(status, *capsys.readouterr())

    return run


@pytest.fixture
def operate(run):
    """For the stack of this run, and a tenant that the test need not name."""

    def operate(noun, verb, *words):
        tenant = () if "--tenant" in words else ("--tenant", "acme")
        return run(noun, verb, "--stack", cloud.STACK_NAME, *tenant, *words)

    return operate


@pytest.fixture
def refuse():
    """`refuse(events, "PutItem", code, message)`: from here on AWS answers this to the operation."""
    registered = []

    def refuse(events, operation, code, message):
        def answer(**_):
            error = {"Code": code, "Message": message}
            return AWSResponse("", 400, {}, None), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}

        events.register_first(f"before-call.*.{operation}", answer)
        registered.append((events, f"before-call.*.{operation}", answer))

    yield refuse
    for events, event, answer in registered:
        events.unregister(event, answer)
