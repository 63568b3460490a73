"""What tests see of AWS, and what they make it say: its calls, its failures, and our log lines."""

import contextlib
import io

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointConnectionError

from shared import log, signer
from shared.store import table

CLIENTS = [table._dynamodb.meta.events, signer._kms.meta.events]


class Calls(list):
    """Names of AWS operations."""

    def writes(self):
        return [call for call in self if not call.startswith(("Get", "Query", "BatchGet", "GenerateMac"))]


@pytest.fixture
def calls():
    """The AWS calls since, such as `["Query", "GenerateMac"]`; `calls.clear()` begins again."""
    made = Calls()

    def record(model, **_event):
        made.append(model.name)

    for client in CLIENTS:
        client.register("before-call", record)
    yield made
    for client in CLIENTS:
        client.unregister("before-call", record)


class Answers(contextlib.ExitStack):
    """What AWS says from now on, or within a `with`, where moto would not."""

    def __init__(self, operation, parsed, status):
        super().__init__()

        def answer(model, **_event):
            return (AWSResponse("", status, {}, None), parsed) if model.name == operation else None

        for client in CLIENTS:
            client.register("before-call", answer)
            self.callback(client.unregister, "before-call", answer)


@pytest.fixture
def aws_answers():
    """`aws_answers("GenerateMac", "DisabledException")` for the rest of the test, or as a context."""
    with contextlib.ExitStack() as until_the_end:

        def answers(operation, code=None, status=400, *, message="simulated", item=None, answer=None):
            parsed = answer or {"Error": {"Code": code, "Message": message}} | ({"Item": item} if item else {})
            metadata = {"HTTPStatusCode": 200 if answer else status, "HTTPHeaders": {}, "RetryAttempts": 0}
            return until_the_end.enter_context(
                Answers(operation, parsed | {"ResponseMetadata": metadata}, metadata["HTTPStatusCode"])
            )

        yield answers


@pytest.fixture
def aws_unreachable():
    """Within `aws_unreachable("UpdateItem")` such calls reach nobody."""

    @contextlib.contextmanager
    def cut_off(operation):
        def fail(model, **_event):
            if model.name == operation:
                raise EndpointConnectionError(endpoint_url="https://simulated.example.com")

        for client in CLIENTS:
            client.register("before-call", fail)
        yield
        for client in CLIENTS:
            client.unregister("before-call", fail)

    return cut_off


@pytest.fixture
def output(capsys):
    """Everything that functions wrote, log lines and metrics."""
    lines = io.StringIO()
    previous = log._logger.handlers[0].setStream(lines)
    yield lambda: lines.getvalue() + capsys.readouterr().out
    log._logger.handlers[0].setStream(previous)
