"""Outputs of a page's tools that no honest page sends: each gets an answer, and none breaks the stored answer."""

import json

import pytest

from shared.rules import input_limits
from tests.functions.client_tools import ARN, ASK, CALL, begin, resume
from tests.functions.page import assert_refused, events, reply

HUGE = 10**298


@pytest.fixture
def session(page, token):
    return page.open(token.value)


@pytest.mark.parametrize(
    "output",
    [
        None, True, HUGE, -HUGE, 1e308, "", "\u0000", "\u2028 event: error\n\ndata: {}\n\n", "\ufffd", [], {},
        {"__proto__": {"x": 1}, "constructor": 1, "": 2}, [[[[[1]]]]], "e\u0301" * 100,
    ],
    ids=range(14),
)  # fmt: skip
def test_output_of_any_json_value_reaches_the_target_as_it_is(page, session, function, output):
    function.answers = [{"toolCalls": CALL["toolCalls"] * 2}, {"text": "Done."}]
    execution, (first, second) = begin(page, session)
    # Stored in between, because another output is missing.
    assert events(resume(page, session, execution, {first: output}))[-1][0] == "await"
    assert reply(resume(page, session, execution, {second: output})) == "Done."
    assert [one["output"] for one in function.asked[1]["toolResults"]] == [output, output]


def test_half_of_an_emoji_is_replaced(page, session, function):
    function.answers = [CALL, {"text": "Done."}]
    execution, (call,) = begin(page, session)
    body = f'{{"sessionId": "{session}", "executionId": "{execution}", "toolOutputs": {{"{call}": "\\ud83d"}}}}'
    assert reply(page.post("resume", body)) == "Done."
    assert function.asked[1]["toolResults"][0]["output"] == "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("levels", [65, 900, 100_000])
def test_400_output_that_is_nested_too_deeply(page, session, function, levels):
    function.answers = [CALL]
    execution, (call,) = begin(page, session)
    deep = "[" * levels + "]" * levels
    body = f'{{"sessionId": "{session}", "executionId": "{execution}", "toolOutputs": {{"{call}": {deep}}}}}'
    answer = page.post("resume", body)
    assert answer.status_code in {400, 413}
    assert answer.json["code"] in {"invalid_json", "invalid_request", "too_large"}


def test_outputs_under_names_of_no_call_are_dropped(page, session, function):
    function.answers = [CALL, {"text": "Done."}]
    execution, (call,) = begin(page, session)
    outputs = {call: "Green", "__proto__": "x" * 20_000, "other": [1] * 1000}
    assert reply(resume(page, session, execution, outputs)) == "Done."
    assert "__proto__" not in json.dumps(function.asked[1])


def test_400_partial_outputs_that_exceed_the_input_are_not_stored(page, session, function):
    function.answers = [{"toolCalls": CALL["toolCalls"] * 2}]
    execution, (first, _) = begin(page, session)
    assert_refused(resume(page, session, execution, {first: "x" * 40_000}), 400, "input_too_large")
    assert events(resume(page, session, execution, {first: "x"}))[-1][0] == "await"


class TestWhatIsStoredWhileAnAnswerWaits:
    """It lies beside the message, in an item that DynamoDB limits, whatever the target's own limit is."""

    MOST = input_limits.WAITING_BYTES_MAX

    @pytest.fixture(autouse=True)
    def _reads_more(self, register, token, function):
        register("flow_echo", "aws_lambda", function_arn=ARN, max_input_bytes=input_limits.INPUT_BYTES_MAX)

    def test_most_that_a_page_may_send_with_tools_waits(self, page, session, function):
        function.answers = [{"toolCalls": [CALL["toolCalls"][0] | {"parameters": {"question": "x" * 16_000}}]}]
        function.answers += [{"text": "Done."}]
        # Each takes six bytes of JSON.
        shown = [{"id": f"{number:02}".ljust(128, "\u0001"), "role": "user"} for number in range(40)]
        context = {"x": "y" * (self.MOST - len('{"x": ""}'))}
        execution, (call,) = begin(page, session, before=shown, context=context)
        assert_refused(resume(page, session, execution, {call: ""}), 400, "input_too_large")
        assert len(function.asked) == 1

    def test_400_one_byte_more_is_refused_before_the_target_is_asked(self, page, session, function):
        context = {"x": "y" * (self.MOST - len('{"x": ""}') + 1)}
        assert_refused(page.say(session, clientTools=[ASK], context=context), 400, "input_too_large")
        assert function.asked == []
        function.answers = [{"text": "Done."}]
        assert reply(page.say(session, context=context)) == "Done."

    @pytest.mark.parametrize("calls", [1, 2])
    def test_400_outputs_that_exceed_it_leave_the_answer_waiting(self, page, session, function, calls):
        function.answers = [{"toolCalls": CALL["toolCalls"] * calls}, {"text": "Done."}]
        execution, waiting = begin(page, session)
        large = resume(page, session, execution, {waiting[0]: "x" * self.MOST})
        assert_refused(large, 400, "input_too_large")
        assert reply(resume(page, session, execution, dict.fromkeys(waiting, "x"))) == "Done."


def test_400_tools_whose_json_exceeds_64_kb(page, session, function):
    """A control character takes six bytes of JSON, and that is what is stored."""
    tool = {"name": "ask", "description": "\u0001" * 11_000, "parametersSchema": {"type": "object"}}
    assert_refused(page.say(session, clientTools=[tool]), 400, "client_tools_too_large")
