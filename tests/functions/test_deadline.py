"""Whatever stalls, a page gets the end of its stream before Lambda ends the function."""

from types import SimpleNamespace

import pytest

from tests.aws import network
from tests.aws.event_stream import function_answer
from tests.aws.network import NETWORK, Answer
from tests.functions import invocations
from tests.functions.page import assert_interrupted, assert_refused, reply
from tests.functions.stored import messages

ASSISTANT = "arn:aws:lambda:us-east-1:123456789012:function:assistant"
# Kept for storing the reply, once the target has taken all of its time.
SECONDS_TO_STORE = 4.0


@pytest.fixture
def lambda_time(monkeypatch):
    """`lambda_time.left`: seconds until Lambda ends the function."""
    time = SimpleNamespace(left=25.0)
    context = SimpleNamespace(aws_request_id=None, get_remaining_time_in_millis=lambda: int(time.left * 1000))
    monkeypatch.setattr(invocations, "context", lambda *_: context)
    return time


@pytest.fixture
def session(page, create, register, lambda_time):
    """Its target answers in the last moment."""
    token = create(dailyBudget=1)
    register("flow_echo", "aws_lambda", function_arn=ASSISTANT, call_price="0.1")

    def respond(request):
        if request.service != "lambda":
            return None
        lambda_time.left = SECONDS_TO_STORE
        return Answer(200, function_answer({"text": "Hi there"}))

    with NETWORK.hooked(respond):
        yield page.open(token.value)


@pytest.mark.parametrize("answered", range(4))
def test_stream_ends_in_time_while_dynamodb_stalls(page, session, clock, lambda_time, answered):
    """At any of the writes after the target's answer. As long as our client waits, time passes."""
    passed = []

    def stall(request):
        if request.operation == "UpdateItem" and lambda_time.left <= SECONDS_TO_STORE:
            passed.append(request)
            if len(passed) > answered:
                lambda_time.left -= network._SILENT.gettimeout()
                raise TimeoutError

    def send():
        lambda_time.left = 25.0
        return page.say(session, message_id="usr_1")

    with NETWORK.hooked(stall):
        answer = send()
    assert lambda_time.left >= 0.5
    if answered:
        assert reply(answer) == "Hi there"
    else:
        assert_interrupted(answer, "unavailable")
        assert_refused(send(), 409, "in_progress")
        clock.forward(minutes=6)
    assert reply(send()) == "Hi there"
    assert [text for _, _, text in messages(session)] == ["Hello", "Hi there"]
