"""Tools of a page: a target calls them, and the answer waits for their outputs."""

import json

import pytest

from tests.functions import stored
from tests.functions.client_tools import ARN, ASK, CALL, begin, resume, types, waiting
from tests.functions.page import assert_refused, events, reply
from tests.functions.stored import spent


@pytest.fixture
def session(page, token):
    return page.open(token.value)


def test_target_calls_a_tool_and_goes_on_with_its_output(page, session, function):
    function.answers = [CALL, {"text": "Green it is."}]
    paused = events(page.say(session, clientTools=[ASK], clientToolsFingerprint="f1"))
    assert [name for name, _ in paused] == ["execution_start", "turn_start", "tool_start", "await"]
    call = paused[-1][1]
    answer = resume(page, session, call["executionId"], {call["toolCallId"]: "Green"}, clientToolsFingerprint="f1")
    assert reply(answer) == "Green it is."


class TestPause:
    def test_call_is_what_the_widget_and_the_sdk_read(self, page, session, function):
        function.answers = [{"text": "Let me ask.", **CALL}]
        said = events(page.say(session, clientTools=[ASK]))
        assert [name for name, _ in said] == [
            "execution_start", "turn_start", "text_start", "text_delta", "text_complete", "tool_start", "await",
        ]  # fmt: skip
        start, call = said[-2][1], said[-1][1]
        assert call["toolCallId"] == start["toolCallId"]
        assert (call["toolName"], call["origin"], call["parameters"]) == ("ask", "webmcp", {"question": "Which?"})
        assert call["executionId"] == said[0][1]["executionId"]
        assert (start["toolName"], start["toolType"]) == ("ask", "local")

    def test_function_receives_the_tools_of_the_page(self, page, session, function):
        function.answers = [{"text": "Hi"}]
        page.say(session, clientTools=[ASK])
        (asked,) = function.asked
        assert asked["tools"] == [
            {"name": "ask", "description": "Asks", "parametersSchema": {"type": "object"}, "origin": "webmcp"}
        ]
        assert asked["toolResults"] == []

    @pytest.mark.parametrize("tools", [None, []])
    def test_call_without_tools_of_the_page_is_a_failure(self, page, session, function, tools):
        function.answers = [CALL]
        assert_refused(page.say(session, clientTools=tools), 502, "target_called_unknown_tool")

    def test_message_sent_again_repeats_the_calls_and_the_text(self, page, session, function):
        function.answers = [{"text": "Let me ask.", **CALL}]
        first = page.say(session, message_id="usr_1", clientTools=[ASK])
        again = page.say(session, message_id="usr_1", clientTools=[ASK])
        assert types(again) == types(first)
        assert waiting(again) == waiting(first)
        assert reply(again) == "Let me ask."
        assert len(function.asked) == 1

    def test_message_sent_again_after_the_pause_starts_over(self, page, session, function, clock):
        function.answers = [CALL, {"text": "Green tea."}]
        begin(page, session, message_id="usr_1")
        clock.forward(minutes=15)
        assert reply(page.say(session, message_id="usr_1", clientTools=[ASK])) == "Green tea."
        assert function.asked[1]["toolResults"] == []

    def test_message_that_pauses_is_paid_for_once(self, page, session, function):
        function.answers = [CALL, {"text": "Green."}]
        execution, (call,) = begin(page, session)
        resume(page, session, execution, {call: "Green"})
        assert spent(session) == 1


class TestLimits:
    @pytest.mark.parametrize(
        "tools", [[ASK] * 65, [ASK | {"name": f"t{n}", "description": "é" * 600} for n in range(60)]]
    )
    def test_400_too_many_or_too_large_tools(self, page, session, function, tools):
        answer = page.say(session, clientTools=[tool | {"name": f"t{n}"} for n, tool in enumerate(tools)])
        assert_refused(answer, 400, "client_tools_too_large")
        assert spent(session) == 0

    def test_usual_tools_fit_beside_a_full_message_by_default(self, page, session, function):
        function.answers = [{"text": "Hi"}]
        tools = [ASK | {"name": f"t{n}", "description": "x" * 300} for n in range(64)]
        assert page.say(session, "x" * 8192, clientTools=tools).status_code == 200
        assert len(function.asked[0]["tools"]) == 64

    def test_64_kb_of_tools_fit_where_the_owner_allows_the_input(self, page, session, function, register):
        register("flow_echo", "aws_lambda", function_arn=ARN, max_input_bytes=128 * 1024)
        function.answers = [{"text": "Hi"}]
        tools = [ASK | {"name": f"t{n}", "description": "x" * 950} for n in range(64)]
        assert page.say(session, "x" * 8192, clientTools=tools).status_code == 200
        assert len(function.asked[0]["tools"]) == 64

    def test_400_tools_that_exceed_the_targets_input(self, page, session, function, register):
        register("flow_echo", "aws_lambda", function_arn=ARN, max_input_bytes=2048)
        tools = [ASK | {"name": f"t{n}", "description": "x" * 15_000} for n in range(4)]
        body = assert_refused(page.say(session, "hi", clientTools=tools), 400, "client_tools_too_large")
        assert "max_input_bytes is 2,048" in body["hint"]
        assert (function.asked, spent(session)) == ([], 0)
        # Nor with an answer that goes on.
        function.answers = [CALL, {"text": "Green."}]
        execution, (call,) = begin(page, session)
        answer = resume(page, session, execution, {call: "Green"}, clientTools=tools)
        assert_refused(answer, 400, "client_tools_too_large")
        assert len(function.asked) == 1

    @pytest.mark.parametrize(
        "tool",
        [
            {"name": ""}, {"name": 1}, {"parametersSchema": []}, {"parametersSchema": {"type": "array"}},
            {"parametersSchema": {"type": "object", "x": json.loads("[" * 40 + "]" * 40)}},
            {"parametersSchema": None}, {"origin": "x"}, {"description": None},
        ],
    )  # fmt: skip
    def test_400_malformed_tool(self, page, session, tool):
        assert_refused(page.say(session, clientTools=[ASK | tool]), 400, "invalid_request")

    def test_400_two_tools_of_one_name(self, page, session):
        assert_refused(page.say(session, clientTools=[ASK, ASK]), 400, "invalid_request")

    def test_target_that_hides_tools_never_asks_for_them_again(self, page, token, session, register):
        register("flow_echo", "echo", client_tools=0)
        assert reply(page.say(session, clientToolsFingerprint="f1")) == "You said: Hello"
        assert reply(page.say(session, clientTools=[ASK], clientToolsFingerprint="f1")) == "You said: Hello"
        assert stored.tools_of(session) is None


class TestFingerprint:
    def test_known_fingerprint_stands_for_the_tools(self, page, session, function):
        function.answers = [{"text": "1"}, {"text": "2"}]
        page.say(session, clientTools=[ASK], clientToolsFingerprint="f1")
        page.say(session, clientToolsFingerprint="f1")
        assert function.asked[1]["tools"] == function.asked[0]["tools"] != []

    def test_409_unknown_fingerprint_and_nothing_is_paid_for(self, page, session, function):
        for fingerprint in ("f1", "x" * 128):
            body = assert_refused(
                page.say(session, clientToolsFingerprint=fingerprint), 409, "client_tools_resend_required"
            )
            assert body["error"] == "client_tools_resend_required"
        assert spent(session) == 0

    def test_409_fingerprint_of_earlier_tools(self, page, session, function):
        function.answers = [{"text": "1"}, {"text": "2"}]
        page.say(session, clientTools=[ASK], clientToolsFingerprint="f1")
        page.say(session, clientTools=[ASK | {"name": "other"}], clientToolsFingerprint="f2")
        assert_refused(page.say(session, clientToolsFingerprint="f1"), 409, "client_tools_resend_required")

    def test_400_fingerprint_of_more_than_128_characters(self, page, session):
        assert_refused(page.say(session, clientToolsFingerprint="x" * 129), 400, "invalid_request")

    def test_fingerprints_of_two_sessions_are_apart(self, page, token, session, function):
        function.answers = [{"text": "1"}]
        page.say(session, clientTools=[ASK], clientToolsFingerprint="f1")
        answer = page.say(page.open(token.value), clientToolsFingerprint="f1")
        assert_refused(answer, 409, "client_tools_resend_required")

    def test_message_without_tools_offers_none(self, page, session, function):
        function.answers = [{"text": "1"}, {"text": "2"}]
        page.say(session, clientTools=[ASK], clientToolsFingerprint="f1")
        page.say(session)
        assert function.asked[1]["tools"] == []

    def test_resume_without_tools_keeps_them_and_an_empty_list_drops_them(self, page, session, function):
        function.answers = [CALL, CALL, {"text": "Green."}]
        execution, (call,) = begin(page, session)
        (call,) = [
            data["toolCallId"] for name, data in events(resume(page, session, execution, {call: 1})) if name == "await"
        ]
        resume(page, session, execution, {call: 1}, clientTools=[])
        assert [len(asked["tools"]) for asked in function.asked] == [1, 1, 0]


def test_501_message_that_would_join_an_answer(page, session, calls):
    """The SDK raises on the documented 202."""
    calls.clear()
    assert_refused(page.say(session, submitMode="join", turnId="usr_1"), 501, "join_not_supported")
    assert calls == []


@pytest.mark.parametrize("mode", ["normal", "interrupt", None, 1])
def test_other_modes_and_turn_ids_are_ignored(page, session, mode):
    assert reply(page.say(session, submitMode=mode, turnId="turn_1")) == "You said: Hello"


def test_message_without_tools_costs_the_same_calls(page, session, function, calls):
    function.answers = [{"text": "1"}, {"text": "2"}]
    page.say(session)
    calls.clear()
    page.say(session)
    assert calls == [
        "GetItem", "BatchGetItem", "UpdateItem", "GetItem",
        "UpdateItem", "PutItem", "UpdateItem", "Query", "UpdateItem",
    ]  # fmt: skip
