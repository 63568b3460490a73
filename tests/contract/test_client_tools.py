"""The SDK runs tools of its page: it reads the calls of an answer, and goes on with their outputs."""

import pytest
from runtype._generated import errors

from tests.contract.test_runtime_sdk import FROM_THE_PAGE, ORIGIN
from tests.docs import pages
from tests.local_stack import RunningStack

TOOL = {
    "name": "ask_user_question",
    "description": "Asks the visitor",
    "parameters_schema": {"type": "object"},
    "origin": "sdk",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """The documented target answers."""
    directory = tmp_path_factory.mktemp("stack")
    (code,) = pages.blocks(pages.section("docs/targets.md", "Tools of the page"), "python")
    handler = directory / "handler.py"
    handler.write_text(code, encoding="utf-8")
    running = RunningStack(directory / ".local", "--target", handler)
    yield running
    assert running.stop() == 0


@pytest.fixture
def session(sdk, runtime, stack):
    token = sdk.create_client_token(name="Web", allowed_origins=[ORIGIN], flow_ids=[stack.flow_id]).token
    return runtime.initialize_a_client_session(request={"token": token}, request_options=FROM_THE_PAGE)


@pytest.fixture
def say(runtime, session):
    def say(text, **beside):
        messages = [{"id": f"usr_{text}", "role": "user", "content": text}]
        return runtime.send_a_client_chat_message(
            session_id=session.session_id, messages=messages, request_options=FROM_THE_PAGE, **beside
        )

    return say


@pytest.fixture
def resume(runtime, session):
    def resume(execution_id, outputs):
        return runtime.resume_a_paused_client_execution(
            execution_id=execution_id,
            session_id=session.session_id,
            tool_outputs=outputs,
            request_options=FROM_THE_PAGE,
        )

    return resume


def test_client_reads_a_call_and_goes_on_with_its_output(say, resume):
    *_, start, call = say("Tea", client_tools=[TOOL], client_tools_fingerprint="f1")
    assert (start.type, start.tool_name, start.tool_type) == ("tool_start", "ask_user_question", "local")
    assert (call.type, call.tool_name, call.origin) == ("await", "ask_user_question", "sdk")
    assert call.parameters["questions"][0]["question"] == "Green or black?"
    answer = resume(call.execution_id, {call.tool_call_id: "Green"})
    assert (answer.status, answer.success, answer.execution_id) == ("completed", True, call.execution_id)
    assert [event.type for event in answer.events] == [
        "turn_start", "text_start", "text_delta", "text_complete", "turn_complete", "execution_complete",
    ]  # fmt: skip
    assert answer.events[2].delta == "You chose Green."
    # It is answered now.
    with pytest.raises(errors.ConflictError) as refused:
        resume(call.execution_id, {call.tool_call_id: "Black"})
    assert refused.value.body["code"] == "execution_not_paused"


def test_visitor_ends_an_answer_that_waits(sdk, runtime, stack):
    token = sdk.create_client_token(name="Web", allowed_origins=[ORIGIN], flow_ids=[stack.flow_id]).token
    opened = runtime.initialize_a_client_session(
        request={"token": token, "visitorHistory": True}, request_options=FROM_THE_PAGE
    )
    *_, call = runtime.send_a_client_chat_message(
        session_id=opened.session_id,
        messages=[{"id": "usr_1", "role": "user", "content": "Tea"}],
        client_tools=[TOOL],
        request_options=FROM_THE_PAGE,
    )
    shown = {"session_id": opened.session_id, "visitor_token": opened.visitor.token, "request_options": FROM_THE_PAGE}
    execution = opened.conversation_id, call.execution_id
    ended = runtime.stop_a_native_durable_client_execution(*execution, **shown)
    assert (ended.accepted, ended.execution_id) == (True, call.execution_id)
    with pytest.raises(errors.ConflictError):
        runtime.stop_a_native_durable_client_execution(*execution, **shown)
    # Nothing can join an answer, so there is no receipt of it.
    with pytest.raises(errors.NotFoundError):
        runtime.read_a_live_input_delivery_receipt(*execution, "delivery_1", **shown)


def test_404_unknown_execution(resume):
    with pytest.raises(errors.NotFoundError):
        resume("exec_1", {"ask_user_question": "Green"})


def test_501_join(say):
    with pytest.raises(errors.NotImplementedError) as refused:
        say("Tea", submit_mode="join", turn_id="usr_Tea")
    assert refused.value.body["code"] == "join_not_supported"


@pytest.mark.parametrize("mode", ["normal", "interrupt"])
def test_other_submit_modes_are_ordinary_messages(say, mode):
    assert say(f"Tea, {mode}", submit_mode=mode, turn_id="turn_1")[-1].type == "execution_complete"
