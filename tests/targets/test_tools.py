"""Tools of the page with models: what they are offered, how their calls are read, and whose word an output is."""

import json

import pytest

from shared.errors import TargetFailed
from shared.rules.answer import Ending, ToolCall, ToolCalls, Usage
from shared.rules.client_tools import ClientTool, Step
from tests.aws.event_stream import event
from tests.targets.chat_completions import DONE, delta, usage
from tests.targets.chat_completions import endpoint as endpoint  # noqa: PLC0414 - a fixture

SCHEMA = {"type": "object", "properties": {"question": {"type": "string"}}}
# WebMCP allows names that no provider does.
TOOLS = [ClientTool("shop:ask", "Asks", SCHEMA), ClientTool("shop.ask", "", {"type": "object"}, "webmcp")]
USAGE = Usage(input_tokens=12, output_tokens=3)
STEPS = [
    Step(
        "Let me ask.",
        (
            ToolCall("shop:ask", {"question": "Which?"}, id="call_1", model_id="tooluse_1"),
            ToolCall("gone", {}, id="call_2"),
        ),
        {"call_1": "Green", "call_2": None},
    )
]
BEDROCK = {"model_id": "us.amazon.nova-lite-v1:0"}
MARK = "the visitor's page, not verified"


def bedrock_calls(*parts, text="", reason="tool_use"):
    """`parts`: the arguments of one call, in pieces."""
    said = [event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}})] if text else []
    start = {"toolUse": {"toolUseId": "tooluse_9", "name": "shop_ask"}}
    return [
        event("messageStart", {"role": "assistant"}),
        *said,
        event("contentBlockStart", {"contentBlockIndex": 1, "start": start}),
        *(
            event("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": part}}})
            for part in parts
        ),
        event("contentBlockStop", {"contentBlockIndex": 1}),
        event("messageStop", {"stopReason": reason}),
        event("metadata", {"usage": {"inputTokens": 12, "outputTokens": 3}}),
    ]


def openai_calls(*parts, text=None, reason="tool_calls"):
    def call(**fields):
        return delta(choices=[{"index": 0, "delta": {"tool_calls": [{"index": 0, **fields}]}, "finish_reason": None}])

    return [
        delta(text),
        call(id="call_abc", type="function", function={"name": "shop_ask", "arguments": ""}),
        *(call(function={"arguments": part}) for part in parts),
        delta(finish_reason=reason),
        usage(),
        DONE,
    ]


@pytest.fixture(params=["bedrock", "openai"])
def model(request, stream):
    """`model(*parts)`: what our target yields if its model calls a tool with these arguments, in pieces."""
    if request.param == "bedrock":
        aws = request.getfixturevalue("aws_on_loopback")

        def ask(*parts, tools=TOOLS, **more):
            aws.streams(*bedrock_calls(*parts, **more))
            return list(stream("bedrock", BEDROCK, tools=tools))

        return ask
    server = request.getfixturevalue("endpoint")

    def ask(*parts, tools=TOOLS, **more):
        server.streams(*openai_calls(*parts, **more))
        return list(stream("openai", {"base_url": server.url, "model": "tea-1"}, tools=tools))

    return ask


def test_call_is_read_under_the_name_of_the_page(model):
    text, called = model('{"question": "Gr', 'een or \\u00e9?"}', text="Let me ask.")
    assert text == "Let me ask."
    (call,) = called.calls
    assert (call.name, call.parameters, call.origin) == ("shop:ask", {"question": "Green or é?"}, "sdk")
    assert call.model_id in {"tooluse_9", "call_abc"}
    assert called.usage == USAGE


def test_call_without_text_or_arguments_is_one(model):
    (called,) = model()
    assert called.calls[0].parameters == {}


@pytest.mark.parametrize("arguments", ["[]", "1", '{"a"', '{"a": NaN}', '{"a": "\\ud83c"}', "x"])
def test_malformed_arguments_are_a_failure(model, arguments):
    with pytest.raises(TargetFailed) as failed:
        model(arguments)
    assert failed.value.code == "target_answer_incomplete"


def test_call_of_a_tool_that_was_not_offered_is_a_failure(model):
    with pytest.raises(TargetFailed) as failed:
        model("{}", tools=())
    assert failed.value.code == "target_called_unknown_tool"


def test_calls_that_were_cut_off_are_no_calls(model, request):
    reason = "max_tokens" if "bedrock" in request.node.name else "length"
    assert model('{"question', text="Let me", reason=reason) == ["Let me", Ending(stop_reason="length", usage=USAGE)]


def test_bedrock_is_offered_tools_and_told_whose_word_an_output_is(stream, aws_on_loopback):
    aws_on_loopback.streams(*bedrock_calls("{}"))
    list(stream("bedrock", BEDROCK, tools=TOOLS, steps=STEPS))
    (asked,) = aws_on_loopback.asked
    specs = [one["toolSpec"] for one in asked.body["toolConfig"]["tools"]]
    assert [(one["name"], one["description"]) for one in specs] == [
        ("shop_ask", "Asks"), ("shop_ask_2", "shop_ask_2"), ("gone", "Not available any more."),
    ]  # fmt: skip
    assert specs[0]["inputSchema"] == {"json": SCHEMA}
    said, results = asked.body["messages"][-2:]
    assert said == {
        "role": "assistant",
        "content": [
            {"text": "Let me ask."},
            {"toolUse": {"toolUseId": "tooluse_1", "name": "shop_ask", "input": {"question": "Which?"}}},
            {"toolUse": {"toolUseId": "call_2", "name": "gone", "input": {}}},
        ],
    }
    assert results["role"] == "user"
    first, second = (one["toolResult"] for one in results["content"])
    assert (first["toolUseId"], second["toolUseId"]) == ("tooluse_1", "call_2")
    assert json.loads(first["content"][0]["text"]) == {"source": MARK, "output": "Green"}
    assert json.loads(second["content"][0]["text"]) == {"source": MARK, "output": None}


def test_openai_is_offered_tools_and_told_whose_word_an_output_is(stream, endpoint):
    endpoint.streams(*openai_calls("{}"))
    list(stream("openai", {"base_url": endpoint.url, "model": "tea-1"}, tools=TOOLS, steps=STEPS))
    (asked,) = endpoint.asked
    assert asked.body["tools"][0] == {
        "type": "function",
        "function": {"name": "shop_ask", "description": "Asks", "parameters": SCHEMA},
    }
    said, first, second = asked.body["messages"][-3:]
    assert (said["role"], said["content"]) == ("assistant", "Let me ask.")
    assert said["tool_calls"][0] == {
        "id": "tooluse_1",
        "type": "function",
        "function": {"name": "shop_ask", "arguments": '{"question": "Which?"}'},
    }
    assert (first["role"], first["tool_call_id"], second["tool_call_id"]) == ("tool", "tooluse_1", "call_2")
    assert json.loads(first["content"]) == {"source": MARK, "output": "Green"}


@pytest.mark.parametrize("kind", ["bedrock", "openai"])
def test_request_without_tools_has_none(kind, request, stream):
    if kind == "bedrock":
        server, settings = request.getfixturevalue("aws_on_loopback"), BEDROCK
        server.streams(*bedrock_calls(text="Yes.", reason="end_turn"))
    else:
        server = request.getfixturevalue("endpoint")
        settings = {"base_url": server.url, "model": "tea-1"}
    list(stream(kind, settings))
    assert not {"tools", "toolConfig"} & server.asked[0].body.keys()


def test_server_that_ends_calls_with_stop_is_understood(stream, endpoint):
    endpoint.streams(*openai_calls("{}", reason="stop"))
    (called,) = stream("openai", {"base_url": endpoint.url, "model": "tea-1"}, tools=TOOLS)
    assert isinstance(called, ToolCalls)
