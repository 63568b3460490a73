"""Outputs of a page's tools that no honest page sends: each gets an answer, and none breaks the stored answer."""

import json

import pytest

from tests.functions.client_tools import CALL, begin, resume
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


def test_400_tools_whose_json_exceeds_64_kb(page, session, function):
    """A control character takes six bytes of JSON, and that is what is stored."""
    tool = {"name": "ask", "description": "\u0001" * 11_000, "parametersSchema": {"type": "object"}}
    assert_refused(page.say(session, clientTools=[tool]), 400, "client_tools_too_large")
