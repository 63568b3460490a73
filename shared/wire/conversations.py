"""The list of a client token's conversations, as Runtype's clients read it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from shared.rules.conversation import Conversation
from shared.wire.answer import Answer, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationSummary(Answer):
    id: str
    name: str
    flow_id: str
    origin: str
    message_count: int
    first_message: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, conversation: Conversation) -> Self:
        return cls(
            id=conversation.id,
            name=conversation.name,
            flow_id=conversation.flow_id,
            origin=conversation.origin,
            message_count=conversation.message_count,
            first_message=conversation.first_message,
            created_at=conversation.created_at,
            updated_at=conversation.updated_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationsListed(Answer):
    conversations: list[ConversationSummary]
    pagination: Page

    @classmethod
    def of(cls, conversations: Iterable[Conversation], pagination: Page) -> Self:
        return cls(conversations=[ConversationSummary.of(one) for one in conversations], pagination=pagination)
