"""Questions of a target to the visitor, which a tool of Runtype's widget shows: part of what was said.

The widget shows each question and its answer as two messages. Here they have the same ids and texts, so a page that
loads the conversation shows what the visitor saw, and a target remembers what it asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from shared.rules.answer import ToolCall
from shared.rules.client_tools import Step
from shared.rules.target_request import Message

_TOOL = "ask_user_question"
# Of one turn, as JSON. They are stored with its message and its reply.
_BYTES_MAX = 32 * 1024
_MILLISECOND = timedelta(milliseconds=1)


class _Said(NamedTuple):
    id: str
    role: Literal["user", "assistant"]
    text: str


def answered(steps: Sequence[Step], after: datetime) -> tuple[Message, ...]:
    """Questions with their answers. Those that have no room are left out."""
    return messages((one for pair in _pairs(steps) for one in pair), after)


def messages(said: Iterable[Sequence[Any]], after: datetime) -> tuple[Message, ...]:
    """`said`: ids, roles, and texts. Each is a millisecond after the one before."""
    return tuple(
        Message(id=message_id, role=role, text=text, at=after + number * _MILLISECOND)
        for number, (message_id, role, text) in enumerate(said, start=1)
    )


def size(steps: Sequence[Step]) -> int:
    """In bytes, as they are stored."""
    return sum(map(_size, _pairs(steps)))


def _pairs(steps: Sequence[Step]) -> Iterator[tuple[_Said, ...]]:
    room = _BYTES_MAX
    for step in steps:
        for call in step.calls:
            if call.name == _TOOL and call.id in step.outputs:
                for pair in _shown(call, step.outputs[call.id]):
                    room -= _size(pair)
                    if room < 0:
                        return
                    yield pair


def _size(pair: tuple[_Said, ...]) -> int:
    return len(json.dumps(pair, ensure_ascii=False).encode())


def _shown(call: ToolCall, output: Any) -> Iterator[tuple[_Said, ...]]:
    """What the widget shows of one call, which may have several questions. `output`: a text, or one per question."""
    asked = call.parameters.get("questions")
    questions = [_question(one) for one in asked] if isinstance(asked, list) else []
    if not questions:
        if text := _texts(output):
            yield (_Said(f"ask-user-answer-{call.id}", "user", text),)
        return
    answers = output if isinstance(output, dict) else {questions[0]: output} if len(questions) == 1 else {}
    for number, question in enumerate(questions):
        if question:
            yield (
                _Said(f"ask-user-q-{call.id}-{number}", "assistant", question),
                _Said(f"ask-user-a-{call.id}-{number}", "user", _text(answers.get(question)) or "*Skipped*"),
            )


def _question(one: Any) -> str:
    text = one.get("question") if isinstance(one, dict) else None
    return text if isinstance(text, str) else ""


def _texts(output: Any) -> str:
    """The answer to a call that has no questions of the widget's form."""
    if isinstance(output, dict):
        return " | ".join(f"{question}: {_text(answer)}" for question, answer in output.items())
    return _text(output)


def _text(answer: Any) -> str:
    if isinstance(answer, list):
        return ", ".join(one for one in answer if isinstance(one, str))
    return answer if isinstance(answer, str) else ""
