"""The request to a target: a visitor's message and its context."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from shared.rules.client_tools import ClientTool, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`id`: chosen by the page. `at` strictly increases within a conversation.

    `shown_with`: the id of a message with which the page shows it, perhaps under an id that only the page knows.
    """

    id: str
    role: Literal["user", "assistant"]
    text: str
    at: datetime
    shown_with: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """An image or a file of a message. `media_type`: as the page states it. `name`: that of a file."""

    media_type: str
    data: bytes
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageInput:
    """What a page sends with one message. The page chooses all of it, so it proves nothing.

    `displays`: what it displays instead of this message and of earlier ones, by their ids; no target receives it.
    `shown_ids`: the messages that it still shows. None if it sends no ids. `tools`: what it offers. `steps`: of an
    answer that goes on, the calls of these tools so far, with their outputs.
    """

    message: Message
    attachments: Sequence[Attachment] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    displays: Mapping[str, str] = field(default_factory=dict)
    shown_ids: Collection[str] | None = None
    tools: Sequence[ClientTool] = ()
    steps: Sequence[Step] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRequest:
    """`history` reads the part of the conversation that the target receives, within its limits: oldest first, this
    message last. Only kinds that need it call it.

    `attachments` came with this message. They are not stored, so the history has none, and an answer that goes on after
    a pause has none. `inputs`, `metadata`, `context`, `tools`, and the outputs in `steps` are chosen by the page and
    prove nothing.

    `seconds_left` counts down to the deadline of the turn. A kind waits no longer, however the target sends.
    """

    conversation_id: str
    token_id: str
    environment: str
    target_id: str
    pin_to_version: str
    target_alias: str | None
    target_version_id: str | None
    message: Message
    history: Callable[[], Sequence[Message]]
    seconds_left: Callable[[], float]
    attachments: Sequence[Attachment] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    tools: Sequence[ClientTool] = ()
    steps: Sequence[Step] = ()
