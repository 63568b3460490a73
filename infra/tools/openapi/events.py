"""The events of a chat's stream: one schema per event, and their union, for programs that parse the stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.tools.openapi.schemas import AT, Schema

UNION = "ChatEvent"

_TEXT: Schema = {"type": "string"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_COUNT: Schema = {"type": "integer", "minimum": 1}

_KIND = _TEXT | {"description": "Always agent, even for flows."}
_ROLE = _TEXT | {"description": "Always assistant."}
_TURN = {
    "id": _TEXT | {"description": "Identifies the turn within this stream."},
    "iteration": _COUNT | {"description": "Counts the turns of this stream, from 1."},
    "role": _ROLE,
}
_BLOCK = {"id": _TEXT | {"description": "Identifies the block of text within this stream."}}
_CALL = {
    "toolCallId": _TEXT | {"description": "Identifies the call."},
    "toolName": _TEXT | {"description": "Of a tool in clientTools, or suggest_replies."},
}
_CALLED = (
    "The flow or agent calls a tool of the page, or suggests replies: then the toolName is suggest_replies, and "
    "parameters.suggestions has up to four objects with a label, and perhaps a prompt, which a click sends instead of "
    "the label, and a description."
)
_PARAMETERS: Schema = {"description": "What the tool is called with.", "type": "object"}
_COMPLETED = {"completedAt": _TIME | {"description": "When it ended."}}
_COMMON = {
    "executionId": _TEXT | {"description": "Identifies this answer, the same in all events, also after a pause."},
    "seq": _COUNT | {"description": "Rises with each event, also over pauses."},
}

# Type -> its schema's name, its description, and its own fields, in the order of a stream, which ends with one of the
# last two.
_EVENTS: dict[str, tuple[str, str, dict[str, Schema]]] = {
    "execution_start": (
        "ExecutionStart",
        "The first event: the flow or agent has been invoked.",
        {
            "kind": _KIND,
            "agentId": _TEXT | {"description": "The flow or agent that answers."},
            "startedAt": _TIME | {"description": "When it was invoked."},
        },
    ),
    "turn_start": ("TurnStart", "The flow or agent begins to answer.", _TURN),
    "text_start": ("TextStart", "A block of text begins.", _BLOCK | {"role": _ROLE}),
    "text_delta": (
        "TextDelta",
        "More of the block's text. Repeated until the block is complete.",
        _BLOCK | {"delta": _TEXT | {"description": "Append this to the block's text."}},
    ),
    "text_complete": (
        "TextComplete",
        "The block of text is complete.",
        _BLOCK | {"text": _TEXT | {"description": "The whole text of the block."}},
    ),
    "tool_start": (
        "ToolStart",
        _CALLED,
        _CALL | {"toolType": _TEXT | {"description": "Always local: the page acts on it."}, "parameters": _PARAMETERS},
    ),
    "tool_complete": (
        "ToolComplete",
        "The suggested replies are complete.",
        _CALL | {"success": {"type": "boolean", "description": "Always true."}},
    ),
    "await": (
        "Await",
        "The flow or agent waits for the output of a tool. The stream ends, and the page runs the tool and resumes.",
        _CALL
        | {
            "origin": _TEXT | {"description": "The tool's: sdk or webmcp."},
            "parameters": _PARAMETERS,
            "awaitedAt": _TIME | {"description": "When it was called."},
        },
    ),
    "turn_complete": (
        "TurnComplete",
        "The flow or agent has answered.",
        _TURN
        | {
            "stopReason": _TEXT
            | {
                "description": "Why it ended: end_turn, length (the answer was cut off at the model's limit), "
                "content_filter, or max_tool_calls. More may be added."
            }
        }
        | _COMPLETED,
    ),
    "execution_complete": (
        "ExecutionComplete",
        "The last event of a complete answer.",
        {"kind": _KIND, "success": {"type": "boolean", "description": "Whether the flow or agent answered."}}
        | _COMPLETED,
    ),
    "execution_error": (
        "ExecutionError",
        "The last event of an answer that failed after its first text. The text ends with a sentence that says so.",
        {
            "kind": _KIND,
            "error": {
                "description": "Why it failed.",
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "code": _TEXT | {"description": "For programs, such as target_failed."},
                    "message": _TEXT | {"description": "For people."},
                },
            },
        },
    ),
}


def schemas() -> dict[str, Schema]:
    """For the document's components."""
    return dict(_each()) | {
        UNION: {
            "description": "The `data` of one server-sent event of a chat. Its `type` is also the event's name.",
            "oneOf": [{"$ref": AT + name} for name, _, _ in _EVENTS.values()],
            "discriminator": {
                "propertyName": "type",
                "mapping": {kind: AT + name for kind, (name, _, _) in _EVENTS.items()},
            },
        }
    }


def _each() -> Iterator[tuple[str, dict[str, Any]]]:
    for kind, (name, meaning, own) in _EVENTS.items():
        kind_of_event = _TEXT | {"description": "The event's name.", "const": kind}
        properties = {"type": kind_of_event, **_COMMON, **own}
        yield (
            name,
            {
                "description": meaning,
                "type": "object",
                "required": [*properties],
                "properties": properties,
            },
        )
