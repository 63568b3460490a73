"""A page reports outputs of its tools, and the answer goes on: how, who may, and how often."""

import re

import pytest

from shared.rules.answer import Ending, Usage
from shared.store import turn_items
from tests.aws.network import NETWORK
from tests.functions import stored
from tests.functions.client_tools import ARN, ASK, CALL, Function, begin, resume, waiting
from tests.functions.page import Page, altered, assert_refused, events, reply
from tests.functions.stored import beside, messages


@pytest.fixture
def session(page, token):
    return page.open(token.value)


class TestResume:
    def test_stream_goes_on(self, page, session, function):
        function.answers = [{"text": "Let me ask.", **CALL}, {"text": "Green it is.", "suggestions": ["Order"]}]
        before = events(page.say(session, message_id="usr_1", clientTools=[ASK], clientToolsFingerprint="f1"))
        call = before[-1][1]
        outputs = {call["toolCallId"]: {"choice": ["Green", 1.5, None]}}
        after = events(resume(page, session, call["executionId"], outputs))
        assert [name for name, _ in after] == [
            "turn_start", "text_start", "text_delta", "text_complete", "tool_start", "tool_complete", "turn_complete",
            "execution_complete",
        ]  # fmt: skip
        numbers = [data["seq"] for _, data in [*before, *after]]
        assert numbers == sorted(set(numbers))
        assert {data["executionId"] for _, data in [*before, *after]} == {call["executionId"]}
        assert after[0][1]["iteration"] == 2
        assert function.asked[1]["toolResults"] == [
            {
                "step": 1,
                "name": "ask",
                "parameters": {"question": "Which?"},
                "output": {"choice": ["Green", 1.5, None]},
                "source": "page",
            }
        ]
        # The whole answer is one reply.
        assert messages(session)[1][2] == "Let me ask.\n\nGreen it is."
        assert reply(page.say(session, message_id="usr_1")) == "Let me ask.\n\nGreen it is."

    def test_answer_can_be_one_json_object(self, page, session, function):
        function.answers = [CALL, CALL, {"text": "Green it is."}]
        execution, (call,) = begin(page, session)
        again = resume(page, session, execution, {call: "Green"}, streamResponse=False)
        assert again.headers["Content-Type"] == "application/json"
        assert (again.json["status"], again.json["success"], again.json["executionId"]) == ("paused", True, execution)
        call = again.json["events"][-1]["toolCallId"]
        last = resume(page, session, execution, {call: "Green"}, streamResponse=False).json
        assert (last["status"], last["success"]) == ("completed", True)
        assert last["events"][-1]["type"] == "execution_complete"

    def test_refusal_of_json_has_its_status(self, page, session, function):
        function.answers = [CALL, "malformed"]
        execution, (call,) = begin(page, session)
        assert_refused(resume(page, session, execution, {call: 1}, streamResponse=False), 502, "target_failed")

    def test_output_may_be_keyed_by_the_name_of_the_tool(self, page, session, function):
        function.answers = [CALL, {"text": "Green."}]
        execution, _ = begin(page, session)
        assert reply(resume(page, session, execution, {"ask": "Green"})) == "Green."
        assert function.asked[1]["toolResults"][0]["output"] == "Green"

    def test_calls_that_are_left_out_are_repeated_until_all_have_outputs(self, page, session, function):
        function.answers = [{"toolCalls": CALL["toolCalls"] * 2}, {"text": "Both."}]
        execution, (first, second) = begin(page, session)
        for _ in range(2):
            assert waiting(resume(page, session, execution, {first: "Green"})) == [second]
        assert len(function.asked) == 1
        assert reply(resume(page, session, execution, {second: "Black"})) == "Both."
        assert [one["output"] for one in function.asked[1]["toolResults"]] == ["Green", "Black"]

    def test_target_is_asked_with_what_the_page_sent_first(self, page, session, function):
        """But for files, which are stored nowhere."""
        function.answers = [CALL, {"text": "Green."}]
        beside = {"inputs": {"user": "Zoë"}, "metadata": {"page": "/tea"}, "context": {"cart": [1, 2.5]}}
        execution, (call,) = begin(page, session, **beside)
        resume(page, session, execution, {call: "Green"})
        first, second = function.asked
        assert {name: second[name] for name in ("messages", *beside)} == {
            name: first[name] for name in ("messages", *beside)
        }

    def test_what_the_visitor_has_cleared_stays_cleared(self, page, session, function):
        function.answers = [{"text": "Hi"}, CALL, {"text": "Green."}]
        page.say(session, "Secret")
        execution, (call,) = begin(page, session, message_id="usr_2")
        resume(page, session, execution, {call: "Green"})
        assert [message["id"] for message in function.asked[2]["messages"]] == ["usr_2"]

    def test_another_session_of_the_conversation_may_go_on(self, page, token, session, function, clock):
        """A session may end while its visitor thinks. Its tools are then sent again."""
        function.answers = [CALL, {"text": "Green."}]
        execution, (call,) = begin(page, session)
        other = stored.session_beside(session)
        answer = resume(page, other, execution, {call: "Green"}, clientToolsFingerprint="f1")
        assert assert_refused(answer, 409, "client_tools_resend_required")["error"] == "client_tools_resend_required"
        again = {"clientTools": [ASK], "clientToolsFingerprint": "f1"}
        assert reply(resume(page, other, execution, {call: "Green"}, **again)) == "Green."

    def test_outputs_are_stored_only_while_the_answer_waits(self, page, session, function):
        function.answers = [{"toolCalls": CALL["toolCalls"] * 2}, {"text": "Both."}]
        execution, (first, second) = begin(page, session, inputs={"user": "canary-inputs"})
        resume(page, session, execution, {first: "canary-output"})
        (waiting,) = beside(session, "MESSAGE#")
        assert {"canary-output", "canary-inputs"} <= set(re.findall(r"canary-\w+", waiting["exchange"]))
        resume(page, session, execution, {second: "Black"})
        (answered,) = beside(session, "MESSAGE#")
        assert "canary" not in str(answered)


class TestRefusals:
    def test_404_unknown_execution(self, page, session, function):
        function.answers = [CALL]
        execution, (call,) = begin(page, session)
        wrong = [altered(execution), "exec_" + "0" * 35, "exec_1", "", execution + "x"]
        for one in wrong:
            assert_refused(resume(page, session, one, {call: 1}), 404, "execution_not_found")

    def test_404_execution_of_another_conversation(self, page, token, session, function):
        function.answers = [CALL]
        execution, (call,) = begin(page, session)
        other = page.open(token.value)
        foreign = assert_refused(resume(page, other, execution, {call: 1}), 404, "execution_not_found")
        unknown = assert_refused(resume(page, other, "exec_" + "0" * 35, {call: 1}), 404, "execution_not_found")
        assert foreign | {"requestId": ""} == unknown | {"requestId": ""}

    def test_409_answered_by_a_first_copy(self, page, session, function):
        function.answers = [CALL, {"text": "Green."}]
        execution, (call,) = begin(page, session)
        resume(page, session, execution, {call: 1})
        assert_refused(resume(page, session, execution, {call: 1}), 409, "execution_not_paused")
        assert len(function.asked) == 2

    def test_409_while_a_first_copy_goes_on(self, page, session, function):
        meanwhile = []

        def again():
            meanwhile.append(resume(page, session, execution, {call: 2}))
            return {"text": "Green."}

        function.answers = [CALL]
        execution, (call,) = begin(page, session)
        function.answers = [again]
        assert reply(resume(page, session, execution, {call: 1})) == "Green."
        assert_refused(meanwhile[0], 409, "execution_not_paused")

    def test_409_answer_that_never_paused(self, page, session, function):
        function.answers = [{"text": "Hi"}]
        execution = events(page.say(session))[0][1]["executionId"]
        assert_refused(resume(page, session, execution, {"ask": 1}), 409, "execution_not_paused")

    def test_410_after_the_pause(self, page, session, function, clock):
        function.answers = [CALL]
        execution, (call,) = begin(page, session)
        clock.forward(minutes=15)
        assert_refused(resume(page, session, execution, {call: 1}), 410, "execution_expired")

    def test_410_deleted_conversation(self, page, token, session, function):
        function.answers = [CALL]
        execution, (call,) = begin(page, session)
        stored.delete(session)
        body = assert_refused(resume(page, session, execution, {call: 1}), 410, "conversation_deleted")
        # The widget recognizes exactly this.
        assert body["error"] == "conversation_deleted"
        assert len(function.asked) == 1

    @pytest.mark.parametrize("outputs", [{}, {"other": 1}, {"call_1": 1}])
    def test_400_no_output_for_a_pending_call(self, page, session, function, outputs):
        function.answers = [CALL]
        execution, _ = begin(page, session)
        assert_refused(resume(page, session, execution, outputs), 400, "no_pending_call")

    def test_401_dead_session(self, page, token, session, function):
        function.answers = [CALL]
        execution, (call,) = begin(page, session)
        token.regenerate()
        assert_refused(resume(page, session, execution, {call: 1}), 401, "session_ended")

    def test_403_other_origin(self, app, page, session, function):
        function.answers = [CALL]
        execution, (call,) = begin(page, session)
        answer = resume(Page(app, "https://evil.example"), session, execution, {call: 1})
        assert_refused(answer, 403, "origin_not_allowed")

    def test_400_outputs_that_exceed_the_targets_input(self, page, session, function):
        function.answers = [CALL]
        execution, (call,) = begin(page, session)
        assert_refused(resume(page, session, execution, {call: "é" * 16_384}), 400, "input_too_large")
        function.answers = [{"text": "Green."}]
        assert reply(resume(page, session, execution, {call: "Green"})) == "Green."

    def test_429_more_than_sixty_in_a_minute(self, page, session, function, token):
        function.answers = [CALL]
        execution, _ = begin(page, session)
        for _ in range(60):
            assert resume(page, session, execution, {}).status_code == 400
        # Another page behind the same address.
        answer = resume(page, page.open(token.value), execution, {})
        assert_refused(answer, 429, "rate_limited")
        assert answer.headers["Retry-After"].isdigit()
        assert answer.json["error"] == "Too many answers to the assistant came from your connection."


class TestLimits:
    def test_twenty_resumes_then_the_answer_ends(self, page, session, function):
        function.answers = [CALL | {"usage": {"inputTokens": 2, "outputTokens": 1}}] * 21
        execution, (call,) = begin(page, session)
        for _ in range(20):
            last = events(resume(page, session, execution, {call: 1}))
            call = last[-1][1].get("toolCallId")
        assert last[-2][1]["stopReason"] == "max_tool_calls"
        assert last[-1][0] == "execution_complete"
        assert len(function.asked) == 21
        (turn,) = map(turn_items.from_item, beside(session, "MESSAGE#"))
        assert turn.ending == Ending(stop_reason="max_tool_calls", usage=Usage(input_tokens=42, output_tokens=21))

    def test_failures_count_toward_the_cap(self, page, session, function):
        function.answers = [CALL, *["malformed"] * 20]
        execution, (call,) = begin(page, session)
        for _ in range(20):
            assert_refused(resume(page, session, execution, {call: 1}), 502, "target_failed")
        assert_refused(resume(page, session, execution, {call: 1}), 429, "resumes_exhausted")

    def test_each_resume_reserves_and_settles_the_daily_budget(self, page, token, session, register):
        register("flow_echo", "aws_lambda", function_arn=ARN, call_price=0.4)
        token.change(dailyBudget=1)
        function = Function()
        with NETWORK.hooked(function):
            function.answers = [CALL, CALL, {"text": "Never asked"}]
            execution, (call,) = begin(page, session)
            (call,) = [
                data["toolCallId"]
                for name, data in events(resume(page, session, execution, {call: 1}))
                if name == "await"
            ]
            assert_refused(resume(page, session, execution, {call: 1}), 429, "budget_exhausted")
        assert len(function.asked) == 2
        assert token.record()["spentToday"] == pytest.approx(0.8)

    def test_refused_budget_is_no_resume(self, page, token, session, register):
        register("flow_echo", "aws_lambda", function_arn=ARN, call_price=0.4)
        function = Function()
        with NETWORK.hooked(function):
            function.answers = [CALL, {"text": "Green."}]
            execution, (call,) = begin(page, session)
            token.change(dailyBudget=0.4)
            token.change(dailyBudget=0.1)
            assert_refused(resume(page, session, execution, {call: 1}), 502, "target_failed")
            token.change(dailyBudget=None)
            assert reply(resume(page, session, execution, {call: 1})) == "Green."
        (turn,) = beside(session, "MESSAGE#")
        assert turn["resumes"] == 1


def test_resume_costs_eight_calls(page, session, function, calls):
    function.answers = [CALL, {"text": "Green."}]
    execution, (call,) = begin(page, session)
    calls.clear()
    resume(page, session, execution, {call: 1})
    assert calls == [
        "GetItem", "BatchGetItem", "UpdateItem", "BatchGetItem", "GetItem", "UpdateItem", "Query", "UpdateItem",
    ]  # fmt: skip
