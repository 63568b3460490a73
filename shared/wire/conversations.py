"""The list of a client token's conversations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import ConfigDict, Field

from shared.rules.conversation import Conversation
from shared.wire.base import Answer, Page, QueryInteger, Question, Timestamp


class ListConversations(Question):
    """`flow_id` is the one name that the documented API spells with an underscore."""

    model_config = ConfigDict(alias_generator=None)

    limit: Annotated[QueryInteger, Field(ge=1, le=200)] = 50
    offset: Annotated[QueryInteger, Field(ge=0)] = 0
    flow_id: str | None = None

    def pagination(self, has_more: bool) -> Page:  # noqa: FBT001
        return Page(limit=self.limit, offset=self.offset, has_more=has_more)


class ConversationSummary(Answer):
    id: str
    name: str
    flow_id: str
    origin: str
    message_count: int
    first_message: str | None
    created_at: Timestamp
    updated_at: Timestamp

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


class ConversationsListed(Answer):
    conversations: list[ConversationSummary]
    pagination: Page

    @classmethod
    def of(cls, conversations: Iterable[Conversation], pagination: Page) -> Self:
        return cls(conversations=[ConversationSummary.of(one) for one in conversations], pagination=pagination)
