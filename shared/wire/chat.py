"""A turn of chat: the widget's transcript in, server-sent events out, in the sequence that widget and SDK follow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from shared.errors import Invalid
from shared.rules import identifier, instant
from shared.rules.question import Message
from shared.wire.base import BrowserQuestion

_TEXT_MAX = 32_768
_Id = Annotated[str, Field(min_length=1, max_length=identifier.LABEL_MAX)]


class Part(BrowserQuestion):
    """Of a message that is more than text; an image or a file has none."""

    type: str
    text: str = ""


class VisitorMessage(BrowserQuestion):
    id: _Id | None = None
    content: str | list[Part]

    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content.strip()
        return "\n".join(part.text for part in self.content if part.type == "text").strip()


class Chat(BrowserQuestion):
    """The page sends its whole transcript each time. Of that, only the visitor's last message is read: what came before
    is stored here, and what a page says that the assistant said is worth nothing.

    `inputs`, `metadata` and `context` go to the target as the page's own word.
    """

    session_id: str
    messages: list[Any]
    assistant_message_id: _Id | None = None
    inputs: dict[str, Any] = Field(default_factory=dict)
    metadata: dict[str, Any] = Field(default_factory=dict)
    context: dict[str, Any] = Field(default_factory=dict)

    def message(self, at: datetime, random_bytes: identifier.RandomBytes) -> Message:
        """The visitor's last message. One without an id gets one of ours, and is new each time it is sent."""
        spoken = [one for one in self.messages if isinstance(one, dict) and one.get("role") == "user"]
        if not spoken:
            raise Invalid("There is no message of a user to answer.", code="no_message")
        last = VisitorMessage.valid(spoken[-1])
        text = last.text()
        if not text:
            raise Invalid("Please send some text: nothing else can be read here.", code="no_text")
        if len(text) > _TEXT_MAX:
            raise Invalid(f"Please keep your message below {_TEXT_MAX} characters.", code="message_too_long")
        return Message(id=last.id or identifier.new("msg", at, random_bytes), role="user", text=text, at=at)


def events(execution_id: str, target_id: str, text: str, *, started_at: datetime, completed_at: datetime) -> str:
    """The stream for one answer. LF framing; the last event too ends with a blank line, without which it is lost."""
    started, completed = instant.to_text(started_at), instant.to_text(completed_at)
    turn = {"id": "turn_1", "iteration": 1, "role": "assistant"}
    block = {"id": "text_1"}
    sequence: list[tuple[str, dict[str, Any]]] = [
        ("execution_start", {"kind": "agent", "agentId": target_id, "startedAt": started}),
        ("turn_start", turn),
        ("text_start", block | {"role": "assistant"}),
        ("text_delta", block | {"delta": text}),
        ("text_complete", block | {"text": text}),
        ("turn_complete", turn | {"stopReason": "end_turn", "completedAt": completed}),
        ("execution_complete", {"kind": "agent", "success": True, "completedAt": completed}),
    ]
    return "".join(_frames(execution_id, sequence))


def _frames(execution_id: str, sequence: list[tuple[str, dict[str, Any]]]) -> Iterator[str]:
    for number, (kind, payload) in enumerate(sequence, start=1):
        data = {"type": kind, "executionId": execution_id, "seq": number} | payload
        yield f"event: {kind}\ndata: {json.dumps(data)}\n\n"
