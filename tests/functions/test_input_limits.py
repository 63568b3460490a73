"""Input limits end to end: the bytes that reach a target, whatever pages send in any order."""

import json
from base64 import b64decode, b64encode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.aws.event_stream import function_answer, model_answer
from tests.aws.network import NETWORK, Answer
from tests.functions.conftest import MODEL

LIMITS = {"max_input_bytes": 400, "max_message_bytes": 200, "attachments": 60}
OF_KIND = {
    "aws_lambda": {"function_arn": "arn:aws:lambda:us-east-1:123456789012:function:assistant"},
    "bedrock": {"model_id": MODEL, "system_prompt": "The owner's own words. " * 100},
}
SAID = {"aws_lambda": function_answer({"text": "Yes. " * 10}), "bedrock": model_answer("Yes. " * 10)}


def chosen_by_page(kind, asked):
    """The bytes of a target's event that the page chose, and the bytes of attachments."""
    if kind == "aws_lambda":
        texts = [message[name] for message in asked["messages"] for name in ("text", "id")]
        texts += [one[name] or "" for one in asked["attachments"] for name in ("name", "mediaType")]
        tools = [(one["name"], one["description"], one["parametersSchema"]) for one in asked["tools"]]
        beside = (asked["inputs"], asked["metadata"], asked["context"], *tools)
        texts += [json.dumps(value, ensure_ascii=False) for value in beside if value]
        files = [one["data"] for one in asked["attachments"]]
    else:
        blocks = [block for turn in asked["messages"] for block in turn["content"]]
        texts = [block["text"] for block in blocks if "text" in block]
        tools = [one["toolSpec"] for one in asked.get("toolConfig", {}).get("tools", [])]
        # A model that reads of a tool without a description reads its name twice.
        texts += [one["description"] for one in tools if one["description"] != one["name"]]
        texts += [one["name"] + json.dumps(one["inputSchema"]["json"], ensure_ascii=False) for one in tools]
        files = [one["source"]["bytes"] for block in blocks for kind, one in block.items() if kind != "text"]
    return len("".join(texts).encode()), sum(len(b64decode(data)) for data in files)


def text(most):
    return st.builds(str.__mul__, st.sampled_from(["x", "é", "🙂", "\n", '"']), st.integers(1, most))


def part(data, name):
    return {"type": "file", "data": b64encode(data).decode(), "filename": name, "mimeType": "text/plain"}


def tool(description):
    return {"name": "ask", "description": description, "parametersSchema": {"type": "object"}}


messages = st.fixed_dictionaries(
    {
        "text": text(220),
        "inputs": st.dictionaries(text(9), text(80), max_size=2),
        "metadata": st.just({}) | st.builds(lambda value: {"a": [value, None, 1.5]}, text(60)),
        "parts": st.lists(st.builds(part, st.binary(min_size=1, max_size=40), text(20)), max_size=2),
        "clientTools": st.lists(st.builds(tool, text(90)), max_size=1),
        "message_id": st.none() | text(60),
        "assistantMessageId": st.none() | text(60),
        "has_ids": st.booleans(),
    }
)


@pytest.mark.parametrize("kind", OF_KIND)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(conversation=st.lists(messages, min_size=2, max_size=6))
def test_no_conversation_exceeds_the_input_limits(page, create, register, kind, conversation):
    token = create(rateLimitPerMinute=1000, rateLimitPerHour=10_000)
    register("flow_echo", kind, **OF_KIND[kind], **LIMITS)
    session, asked, shown = page.open(token.value), [], []

    def answer(request):
        if request.service not in {"lambda", "bedrock-runtime"}:
            return None
        asked.append(request.parameters)
        return Answer(200, SAID[kind])

    for number, sent in enumerate(conversation):
        content = [{"type": "text", "text": sent["text"]}, *sent["parts"]]
        message_id = (sent["message_id"] or f"u{number}")[:120] if sent["has_ids"] else None
        message = {"id": message_id, "role": "user", "content": content}
        beside = {name: sent[name] for name in ("inputs", "metadata", "clientTools", "assistantMessageId")}
        with NETWORK.hooked(answer):
            said = page.say(session, messages=[*shown, message] if sent["has_ids"] else [message], **beside)
        assert said.status_code in {200, 400}, said.text
        shown += [{"id": message_id}, {"id": sent["assistantMessageId"]}]
    for one in asked:
        page_bytes, file_bytes = chosen_by_page(kind, one)
        assert page_bytes <= LIMITS["max_input_bytes"]
        assert file_bytes <= LIMITS["attachments"]
