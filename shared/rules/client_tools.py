"""Tools of a page: functions in the visitor's browser that a target may call, such as a question to the visitor.

The page defines them and reports their outputs. Anyone can be the page, so both prove nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from shared.errors import Conflict, InvalidRequest, TargetFailed
from shared.rules.answer import ToolCall, ToolCalls, ToolOrigin, Usage

TOOLS_MAX = 64
TOOLS_BYTES_MAX = 64 * 1024
_CALLS_MAX = 16
# A definition's braces, quotes, and names of fields, in any provider's format.
_BYTES_PER_TOOL = 100
# What providers tell a model about tools in general.
_BYTES_OF_INSTRUCTIONS = 4 * 1024
# The same for a call and its output, with the mark that says whose word it is.
_BYTES_PER_CALL = 200


class ClientTool(NamedTuple):
    """`parameters_schema`: JSON Schema of an object. `origin`: "webmcp" if the page registered it with the browser."""

    name: str
    description: str
    parameters_schema: Mapping[str, Any]
    origin: ToolOrigin = "sdk"


class Offer(NamedTuple):
    """What a page says about its tools: all of them, or only the fingerprint of those that it has sent before.

    `tools`: None if the page sends none. An empty list takes back what was offered before.
    """

    tools: Sequence[ClientTool] | None = None
    fingerprint: str | None = None

    @property
    def is_new(self) -> bool:
        return self.tools is not None and bool(self.tools or self.fingerprint)

    @property
    def is_reference(self) -> bool:
        """Whether it stands for tools that were offered before."""
        return self.tools is None and self.fingerprint is not None

    def resolve(self, stored: Offer | None) -> Sequence[ClientTool]:
        """`stored`: what the session has kept. Raises Conflict if the page has to send its tools again."""
        if self.tools is not None:
            return self.tools
        if self.fingerprint is None:
            return ()
        if stored is None or stored.fingerprint != self.fingerprint:
            # Exactly this text makes the widget send them.
            raise Conflict(
                "client_tools_resend_required",
                code="client_tools_resend_required",
                hint="Send clientTools with their fingerprint again.",
            )
        return stored.tools or ()


NO_TOOLS = Offer()


class Step(NamedTuple):
    """A target's text and the calls that ended it, with what the page reported: outputs by the calls' ids."""

    text: str
    calls: tuple[ToolCall, ...]
    outputs: Mapping[str, Any] = MappingProxyType({})
    usage: Usage | None = None

    @property
    def pending(self) -> tuple[ToolCall, ...]:
        return tuple(call for call in self.calls if call.id not in self.outputs)

    def with_outputs(self, given: Mapping[str, Any]) -> Step:
        """`given`: by the id of a call, or by the name of its tool. The first output for a call counts.

        Raises InvalidRequest if it names none of the calls.
        """
        found = {call.id: given[key] for call in self.calls for key in (call.name, call.id) if key in given}
        if not found:
            raise InvalidRequest(
                "No output is for a call that the assistant waits for.",
                code="no_pending_call",
                hint="toolOutputs has an output per toolCallId of the events `await`.",
            )
        return self._replace(outputs=found | dict(self.outputs))


def require_callable(called: ToolCalls, tools: Sequence[ClientTool]) -> ToolCalls:
    """The calls with their tools' origins. Raises TargetFailed for a tool that the page does not have."""
    origins = {tool.name: tool.origin for tool in tools}
    if not 0 < len(called.calls) <= _CALLS_MAX:
        raise TargetFailed(code="target_called_too_many_tools")
    if not all(call.name in origins for call in called.calls):
        raise TargetFailed(code="target_called_unknown_tool")
    return called._replace(calls=tuple(call._replace(origin=origins[call.name]) for call in called.calls))


def too_large(hint: str) -> InvalidRequest:
    return InvalidRequest(
        "This page offers more tools than the assistant can read.", code="client_tools_too_large", hint=hint
    )


def size(tools: Sequence[ClientTool]) -> int:
    """In bytes: names, descriptions, and schemas as JSON, in which a control character takes six."""
    return sum(map(_json_size, ([tool.name, tool.description, tool.parameters_schema] for tool in tools)))


def overhead(tools: Sequence[ClientTool]) -> int:
    """The most bytes that a model reads because of them, beside their definitions."""
    return len(tools) * _BYTES_PER_TOOL + _BYTES_OF_INSTRUCTIONS if tools else 0


def size_of_steps(steps: Sequence[Step]) -> int:
    """In bytes, as a model reads them."""
    calls = [call for step in steps for call in step.calls]
    texts = sum(len(step.text.encode()) for step in steps)
    sizes = sum(len(call.name.encode()) + _json_size(call.parameters) + _BYTES_PER_CALL for call in calls)
    return texts + size_of_outputs(steps) + sizes


def size_of_outputs(steps: Sequence[Step]) -> int:
    """In bytes, as JSON."""
    return sum(_json_size(step.outputs) for step in steps)


def _json_size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass"))
