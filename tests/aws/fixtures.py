"""Fixtures for AWS: recorded calls, simulated failures and responses, and captured log lines."""

import contextlib
import io

import pytest

from shared import log
from tests.aws.network import NETWORK, Answer, refusal


class Calls(list):
    """Names of AWS operations."""

    def writes(self):
        return [call for call in self if not call.startswith(("Get", "Query", "BatchGet", "GenerateMac"))]


@pytest.fixture
def calls():
    """The AWS calls so far, such as `["Query", "GenerateMac"]`. `calls.clear()` starts over."""
    made = Calls()

    def record(request):
        if request.attempt == 1:
            made.append(request.operation)

    with NETWORK.hooked(record):
        yield made


class Answers(contextlib.ExitStack):
    """Simulated responses of AWS, from now on or within a `with`."""

    def __init__(self, operation, answer):
        super().__init__()
        self.enter_context(NETWORK.hooked(lambda request: answer if request.operation == operation else None))


@pytest.fixture
def aws_answers():
    """`aws_answers("GenerateMac", "DisabledException")` for the rest of the test, or as a context manager."""
    with contextlib.ExitStack() as until_the_end:

        def answers(operation, code=None, status=400, *, message="simulated", item=None, answer=None):
            refused = refusal(code, message, status, **({"Item": item} if item else {}))
            return until_the_end.enter_context(Answers(operation, Answer(200, answer) if answer else refused))

        yield answers


@pytest.fixture
def aws_unreachable():
    """Within `aws_unreachable("UpdateItem")`, such calls get no response."""

    def cut_off(operation):
        def fail(request):
            if request.operation == operation:
                raise ConnectionRefusedError

        return NETWORK.hooked(fail)

    return cut_off


@pytest.fixture
def output(capsys):
    """Everything that functions wrote: log lines and metrics."""
    lines = io.StringIO()
    previous = log._logger.handlers[0].setStream(lines)
    yield lambda: lines.getvalue() + capsys.readouterr().out
    log._logger.handlers[0].setStream(previous)
