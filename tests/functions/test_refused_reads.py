"""A refused request of a page reads little: what can be large is read only for an attempt that was counted."""

import pytest

from tests.aws.event_stream import function_answer
from tests.aws.network import NETWORK, Answer
from tests.functions.page import assert_refused, events

ASK = {"name": "ask", "description": "Asks", "parametersSchema": {"type": "object"}}
CALL = {"toolCalls": [{"name": "ask", "parameters": {}}]}


@pytest.fixture
def keys():
    """The keys that are read from now on."""
    found = []

    def look(request):
        if request.operation == "GetItem":
            found.append(request.parameters["Key"])
        if request.operation == "BatchGetItem":
            found.extend(key for one in request.parameters["RequestItems"].values() for key in one["Keys"])

    with NETWORK.hooked(look):
        yield found


@pytest.fixture
def function(register):
    register("flow_echo", "aws_lambda", function_arn="arn:aws:lambda:us-east-1:123456789012:function:assistant")
    answers = []

    def answer(request):
        return Answer(200, function_answer(answers.pop(0))) if request.service == "lambda" else None

    with NETWORK.hooked(answer):
        yield answers


def kinds(keys):
    return {f"{key['pk']['S'].partition('#')[0]} {key['sk']['S'].partition('#')[0]}" for key in keys}


def test_429_message_reads_no_tools(page, create, function, keys):
    session = page.open(create(rateLimitPerMinute=1).value)
    function.append({"text": "Hi"})
    assert page.say(session, clientTools=[ASK], clientToolsFingerprint="f1").status_code == 200
    keys.clear()
    assert_refused(page.say(session, clientToolsFingerprint="f1"), 429, "rate_limited")
    assert kinds(keys) == {"SESSION RECORD", "TOKEN RECORD", "USAGE RECORD"}


def test_message_reads_tools_only_for_a_target_that_takes_them(page, create, register, keys):
    register("flow_echo", "echo", client_tools=0)
    session = page.open(create().value)
    keys.clear()
    assert page.say(session, clientToolsFingerprint="f1").status_code == 200
    assert "SESSION TOOLS" not in kinds(keys)


def test_429_resume_reads_no_tools_and_no_turn(page, create, function, keys):
    session = page.open(create().value)
    function.append(CALL)
    said = events(page.say(session, clientTools=[ASK], clientToolsFingerprint="f1"))
    body = {"sessionId": session, "executionId": said[0][1]["executionId"], "toolOutputs": {}}
    for _ in range(60):
        assert page.post("resume", body).status_code == 400
    keys.clear()
    assert_refused(page.post("resume", body), 429, "rate_limited")
    assert kinds(keys) == {"SESSION RECORD", "TOKEN RECORD"}


def test_resume_with_its_tools_reads_no_others(page, create, function, keys):
    session = page.open(create().value)
    function += [CALL, {"text": "Green."}]
    said = events(page.say(session, clientTools=[ASK], clientToolsFingerprint="f1"))
    body = {"sessionId": session, "executionId": said[0][1]["executionId"], "toolOutputs": {"ask": 1}}
    keys.clear()
    assert page.post("resume", body | {"clientTools": [ASK]}).status_code == 200
    assert "SESSION TOOLS" not in kinds(keys)
