"""What a target is asked: a visitor's message, and what it may know beside it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`id` as the page named it. `at` strictly increases within a conversation."""

    id: str
    role: Literal["user", "assistant"]
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """An image or a file beside a message's text. `media_type` is what the page says it is; `name` a file's."""

    media_type: str
    data: bytes
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageInput:
    """What a page sends with one message. All of it is the page's own choice and proves nothing.

    `shown_ids`: of the messages that the page still shows; None if it sends no ids.
    """

    message: Message
    attachments: Sequence[Attachment] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    shown_ids: Collection[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRequest:
    """`history` gives what the target receives of the conversation, oldest first, this message last. It is a read: only
    kinds that need it ask. It never gives more than the target's limits allow.

    `attachments` came with this message; they are not stored, so the history has none. `inputs`, `metadata` and
    `context` are the page's own: they say what the page says, and prove nothing.
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
    attachments: Sequence[Attachment] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
