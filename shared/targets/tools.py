"""Tools of the page as models know them: names that every provider accepts, arguments, and marked outputs."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json

from shared.errors import TargetFailed
from shared.rules.answer import ToolCall
from shared.rules.client_tools import ClientTool, Step

_NAME_MAX = 64
_MODEL_ID_MAX = 64
_ANY_OBJECT = {"type": "object"}


class Tools:
    """`offered`: what a model may call, with the names that it knows. `steps`: the calls before."""

    def __init__(self, tools: Sequence[ClientTool], steps: Sequence[Step]) -> None:
        called = {call.name for step in steps for call in step.calls} - {tool.name for tool in tools}
        # Providers refuse earlier calls of tools that they do not know.
        gone = [ClientTool(name, "Not available any more.", _ANY_OBJECT) for name in sorted(called)]
        self._aliases: dict[str, str] = {}
        for tool in (*tools, *gone):
            self._aliases[tool.name] = self._alias(tool.name)
        self.offered = [tool._replace(name=self._aliases[tool.name]) for tool in (*tools, *gone)]

    def alias(self, name: str) -> str:
        return self._aliases[name]

    def call(self, alias: str, arguments: str, model_id: str) -> ToolCall:
        """`arguments`: as the model wrote them. Raises TargetFailed if they are no JSON object."""
        try:
            parameters = from_json(arguments or "{}", allow_inf_nan=False)
        except ValueError as error:
            raise TargetFailed(code="target_answer_incomplete") from error
        if not isinstance(parameters, dict):
            raise TargetFailed(code="target_answer_incomplete")
        names = {known: name for name, known in self._aliases.items()}
        # An unknown name is refused where the calls are accepted.
        return ToolCall(names.get(alias, alias), parameters, model_id=model_id if _is_id(model_id) else "")

    def _alias(self, name: str) -> str:
        plain = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:_NAME_MAX]
        taken = set(self._aliases.values())
        if plain not in taken:
            return plain
        number = next(number for number in range(2, len(taken) + 3) if f"{plain[:60]}_{number}" not in taken)
        return f"{plain[:60]}_{number}"


class Calls:
    """Calls as they come in pieces, by their index."""

    def __init__(self) -> None:
        self._parts: dict[int, dict[str, str]] = {}

    def add(self, index: int, *, name: Any = None, model_id: Any = None, arguments: Any = None) -> None:
        """Anything but a text is left out."""
        call = self._parts.setdefault(index, {"name": "", "model_id": "", "arguments": ""})
        if isinstance(name, str) and name:
            call["name"] = name
        if isinstance(model_id, str) and model_id:
            call["model_id"] = model_id
        if isinstance(arguments, str):
            call["arguments"] += arguments

    def read(self, tools: Tools) -> tuple[ToolCall, ...]:
        """Raises TargetFailed if one is malformed."""
        parts = [self._parts[index] for index in sorted(self._parts)]
        return tuple(tools.call(one["name"], one["arguments"], one["model_id"]) for one in parts)


def call_id(call: ToolCall) -> str:
    """The id under which the model knows it."""
    return call.model_id or call.id


def marked(output: Any) -> str:
    """An output as a model reads it: the word of the visitor's page, and not of a trusted tool."""
    return json.dumps({"source": "the visitor's page, not verified", "output": output}, ensure_ascii=False)


def _is_id(text: str) -> bool:
    return re.fullmatch(rf"[A-Za-z0-9_-]{{1,{_MODEL_ID_MAX}}}", text) is not None
