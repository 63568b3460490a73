"""What a model's provider refuses because of the visitor or the page: a 400, and no fault."""

import contextlib

import pytest

from tests.aws.event_stream import model_answer
from tests.aws.network import NETWORK, Answer
from tests.functions.conftest import MODEL
from tests.functions.page import assert_refused


@pytest.fixture
def bedrock():
    """`bedrock(status, body)`: what Bedrock answers from then on."""
    with contextlib.ExitStack() as until_the_end:

        def bedrock(status, body):
            answer = Answer(status, body, {"X-Amzn-ErrorType": "ValidationException"} if status >= 400 else {})
            hook = NETWORK.hooked(lambda request: answer if request.service == "bedrock-runtime" else None)
            until_the_end.enter_context(hook)

        yield bedrock


def assert_no_fault(logged, code):
    """Refused and counted as refused, but no alarm on faults or server errors counts it."""
    assert f'"code":"{code}"' in logged
    assert '"fault"' not in logged
    assert '"Faults"' not in logged


def test_400_guardrail_intervention_is_not_a_fault(page, create, bedrock, output, register):
    token = create()
    register("flow_echo", "bedrock", model_id=MODEL)
    session = page.open(token.value)
    bedrock(200, model_answer(stop_reason="guardrail_intervened"))
    body = assert_refused(page.say(session), 400, "target_declined")
    assert body["error"] == "The assistant cannot answer that."
    assert_no_fault(output(), "target_declined")


def test_400_tools_that_the_provider_refuses_are_not_a_fault(page, create, bedrock, output, register):
    token = create()
    register("flow_echo", "bedrock", model_id=MODEL)
    session = page.open(token.value)
    bedrock(400, {"message": "The value at toolConfig.tools.0.toolSpec.inputSchema.json is invalid."})
    tool = {"name": "ask", "description": "Asks", "parametersSchema": {"type": "object", "properties": 5}}
    body = assert_refused(page.say(session, clientTools=[tool]), 400, "client_tools_not_supported")
    assert "parametersSchema" in body["hint"]
    assert_no_fault(output(), "client_tools_not_supported")
    # Without tools, the page did not cause it.
    assert_refused(page.say(session), 502, "target_failed")
    assert '"fault"' in output()


def test_400_file_that_the_model_cannot_read_is_not_a_fault(page, create, bedrock, output, register):
    token = create()
    register("flow_echo", "bedrock", model_id=MODEL, attachments=100)
    session = page.open(token.value)
    bedrock(400, {"message": "The model does not support documents"})
    part = {"type": "file", "data": "YSxi", "filename": "a.csv", "mimeType": "text/csv"}
    assert_refused(page.say(session, [part]), 400, "attachment_not_supported")
    assert_no_fault(output(), "attachment_not_supported")
    # Without a file, the visitor did not cause it.
    assert_refused(page.say(session), 502, "target_failed")
    assert '"fault"' in output()
