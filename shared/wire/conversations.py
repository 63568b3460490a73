"""The list of a client token's conversations, as Runtype's clients read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from shared.rules import timestamps
from shared.rules.conversation import Conversation
from shared.wire.page import Page


class ConversationSummary(TypedDict):
    """A conversation, without its messages."""

    id: str
    name: str
    flowId: str
    origin: str
    messageCount: int
    firstMessage: str | None
    createdAt: str
    updatedAt: str


class ConversationsListed(TypedDict):
    """The conversations of one client token."""

    conversations: list[ConversationSummary]
    pagination: Page


def listed(conversations: Iterable[Conversation], pagination: Page, *, shows_text: bool) -> ConversationsListed:
    """`shows_text`: whether the caller may read what visitors wrote."""
    return {"conversations": [_summary(one, shows_text) for one in conversations], "pagination": pagination}


def _summary(conversation: Conversation, shows_text: bool) -> ConversationSummary:  # noqa: FBT001
    return {
        "id": conversation.id,
        "name": conversation.name,
        "flowId": conversation.flow_id,
        "origin": conversation.origin,
        "messageCount": conversation.message_count,
        "firstMessage": conversation.first_message if shows_text else None,
        "createdAt": timestamps.to_text(conversation.created_at),
        "updatedAt": timestamps.to_text(conversation.updated_at),
    }
