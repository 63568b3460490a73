"""Tools of the page in OpenAI's chat completions.

https://platform.openai.com/docs/guides/function-calling
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from shared.rules.client_tools import ClientTool, Step
from shared.targets.tools import Calls, Tools, call_id, marked


def definition(tool: ClientTool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters_schema}
    return {"type": "function", "function": function}


def messages(tools: Tools, steps: Iterable[Step]) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = []
    for step in steps:
        calls = [
            {
                "id": call_id(one),
                "type": "function",
                "function": {
                    "name": tools.alias(one.name),
                    "arguments": json.dumps(one.parameters, ensure_ascii=False),
                },
            }
            for one in step.calls
        ]
        turns.append({"role": "assistant", "content": step.text, "tool_calls": calls})
        turns += [
            {"role": "tool", "tool_call_id": call_id(one), "content": marked(step.outputs[one.id])}
            for one in step.calls
        ]
    return turns


def add(calls: Calls, event: Any) -> None:
    """Adds what an event of the stream has of them."""
    match event:
        case {"choices": [{"delta": {"tool_calls": [*parts]}}, *_]}:
            for part in parts:
                match part:
                    case {"index": int(index), "function": dict(function)}:
                        arguments = function.get("arguments")
                        calls.add(index, name=function.get("name"), model_id=part.get("id"), arguments=arguments)
