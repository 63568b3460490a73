"""Conversations as their owner reads them, in the form of Runtype's clients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NotRequired, TypedDict

from shared.rules import cursor, timestamps, visitor_conversation
from shared.rules.answer import SuggestedReply
from shared.rules.conversation import Conversation
from shared.rules.feedback import FeedbackRecord
from shared.rules.turn import Turn
from shared.wire import feedback_records
from shared.wire.feedback_records import FeedbackItem
from shared.wire.page import CursorPage


class ConversationItem(TypedDict):
    """A conversation, without what was said in it."""

    id: str
    title: str
    source: Literal["client_token"]
    messageCount: int
    clientTokenId: str
    flowId: str
    origin: str
    ownerId: str | None
    modelId: str | None
    createdAt: str
    updatedAt: str


class TenantConversationsListed(TypedDict):
    """Conversations of all of the tenant's client tokens."""

    conversations: list[ConversationItem]
    pagination: CursorPage


class SuggestedReplyItem(TypedDict):
    """A reply that the flow or agent suggested, shown as a button."""

    label: str
    prompt: NotRequired[str]
    description: NotRequired[str]


class TranscriptMessage(TypedDict):
    """What a visitor wrote, or what the flow or agent answered."""

    id: str
    role: Literal["user", "assistant"]
    content: str
    createdAt: str
    displayContent: NotRequired[str]
    suggestions: NotRequired[list[SuggestedReplyItem]]


class ConversationFound(ConversationItem):
    """A conversation with its messages and its feedback."""

    messages: list[TranscriptMessage]
    nextMessageCursor: str | None
    feedback: list[FeedbackItem]
    metadata: Mapping[str, Any]


class ConversationDeleted(TypedDict):
    """The conversation is gone, for good."""

    success: bool
    message: str


def listed(conversations: Iterable[Conversation], pagination: CursorPage) -> TenantConversationsListed:
    return {"conversations": [item(one) for one in conversations], "pagination": pagination}


def found(
    conversation: Conversation, turns: Iterable[Turn], before: str | None, feedback: Iterable[FeedbackRecord]
) -> ConversationFound:
    """`before`: what older messages come before, if there are any."""
    following = None if before is None else cursor.encode(before, "messages", conversation.id)
    return {
        **item(conversation),
        "messages": [message for turn in turns for message in _messages(turn)],
        "nextMessageCursor": following,
        "feedback": [feedback_records.item(one) for one in feedback],
        "metadata": {},
    }


def deleted() -> ConversationDeleted:
    return {"success": True, "message": "The conversation was deleted."}


def item(conversation: Conversation) -> ConversationItem:
    """The title is no text of a visitor, so the list shows none."""
    return {
        "id": conversation.id,
        "title": conversation.name,
        "source": "client_token",
        "messageCount": conversation.message_count,
        "clientTokenId": conversation.token_id,
        "flowId": conversation.flow_id,
        "origin": conversation.origin,
        "ownerId": conversation.visitor_id,
        "modelId": None,
        "createdAt": timestamps.to_text(conversation.created_at),
        "updatedAt": timestamps.to_text(conversation.updated_at),
    }


def _messages(turn: Turn) -> Iterator[TranscriptMessage]:
    for one in turn.messages:
        message: TranscriptMessage = {
            "id": one.id,
            "role": one.role,
            "content": one.text,
            "createdAt": timestamps.to_text(one.at),
        }
        displayed = visitor_conversation.display_of(turn, one)
        if displayed is not None:
            message["displayContent"] = displayed
        if one == turn.reply and turn.ending and turn.ending.suggestions:
            message["suggestions"] = [_suggestion(suggested) for suggested in turn.ending.suggestions]
        yield message


def _suggestion(suggested: SuggestedReply) -> SuggestedReplyItem:
    shown: SuggestedReplyItem = {"label": suggested.label}
    if suggested.prompt:
        shown["prompt"] = suggested.prompt
    if suggested.description:
        shown["description"] = suggested.description
    return shown
