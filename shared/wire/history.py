"""A visitor's own conversations, as Runtype's widget reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, NotRequired, TypedDict

from pydantic import Field

from shared.errors import Detail, InvalidRequest
from shared.rules import cursor, display, identifier, timestamps
from shared.rules.visitor_conversation import VisitorConversation, VisitorMessage
from shared.wire.request_model import LenientRequestModel

LIMIT, LIMIT_MAX = 25, 100
MESSAGES_MAX = 25
_Target = Annotated[str, Field(max_length=identifier.LABEL_MAX)]
_Cursor = Annotated[str, Field(max_length=cursor.LENGTH_MAX)]


class HistoryQuery(LenientRequestModel):
    session_id: str


class OfTarget(HistoryQuery):
    """`flow_id` is the old name of `target_id`."""

    target_id: _Target | None = None
    flow_id: _Target | None = None

    def target(self) -> str | None:
        """Raises InvalidRequest if the two names have different values."""
        if None not in {self.target_id, self.flow_id} and self.target_id != self.flow_id:
            raise InvalidRequest.from_details(
                Detail.for_field("flow_id", "must be the same as targetId, whose old name it is", "exclusive")
            )
        return self.target_id if self.flow_id is None else self.flow_id


class ListVisitorConversations(OfTarget):
    """A limit that is no number, or out of bounds, is no error."""

    limit: str | None = None
    cursor: _Cursor | None = None

    def size(self) -> int:
        return _size(self.limit, LIMIT, LIMIT_MAX)


class GetVisitorConversation(HistoryQuery):
    """A limit that is no number, or out of bounds, is no error."""

    message_limit: str | None = None
    message_cursor: _Cursor | None = None

    def size(self) -> int:
        return _size(self.message_limit, MESSAGES_MAX, MESSAGES_MAX)


class DisplayProjection(LenientRequestModel):
    """What the page displays of a message."""

    id: Annotated[str, Field(min_length=1, max_length=identifier.LABEL_MAX)]
    display_content: Annotated[str, Field(max_length=display.CHARACTERS_MAX)]


class UpdateDisplayProjections(LenientRequestModel):
    """What the page displays instead of messages, which no flow or agent receives."""

    messages: Annotated[list[DisplayProjection], Field(min_length=1, max_length=display.MESSAGES_MAX)]

    def displays(self) -> dict[str, str]:
        """By the ids of their messages. Raises InvalidRequest if they are too long together."""
        if sum(len(one.display_content) for one in self.messages) > display.ALL_CHARACTERS_MAX:
            raise InvalidRequest.from_details(
                Detail.for_field(
                    "messages", f"may have {display.ALL_CHARACTERS_MAX:,} characters together", "out_of_range"
                )
            )
        return {one.id: one.display_content for one in self.messages}


class DisplayProjectionsUpdated(TypedDict):
    """The conversation's revision, which changes with what is displayed."""

    conversationRevision: str


class VisitorSummary(TypedDict):
    """A conversation, without its messages. `flowId` is the old name of `targetId`."""

    id: str
    title: str
    targetId: str
    flowId: str
    preview: str | None
    messageCount: int
    createdAt: str
    updatedAt: str


class DisplayedMessage(TypedDict):
    """A message. Without `content`, there is nothing to show of it."""

    id: str
    role: str
    timestamp: str
    displayAvailable: bool
    content: NotRequired[str]
    displayContent: NotRequired[str]


class VisitorConversationsListed(TypedDict):
    """The visitor's conversations."""

    data: list[VisitorSummary]
    nextCursor: str | None


class VisitorConversationFound(VisitorSummary):
    """A conversation of the visitor, with a page of its messages: the newest page first, the oldest message first."""

    messages: list[DisplayedMessage]
    nextMessageCursor: str | None
    conversationRevision: str


class VisitorConversationsDeleted(TypedDict):
    """How many conversations were deleted."""

    deleted: int


class VisitorForgotten(TypedDict):
    """The same answer whether the visitor was known or not."""

    reset: bool


def listed(conversations: Iterable[VisitorConversation], next_cursor: str | None) -> VisitorConversationsListed:
    return {"data": [_summary(one) for one in conversations], "nextCursor": next_cursor}


def found(
    conversation: VisitorConversation, messages: Iterable[VisitorMessage], next_cursor: str | None
) -> VisitorConversationFound:
    return {
        **_summary(conversation),
        "messages": [_message(one) for one in messages],
        "nextMessageCursor": next_cursor,
        "conversationRevision": conversation.revision,
    }


def deleted(count: int) -> VisitorConversationsDeleted:
    return {"deleted": count}


def displayed(revision: str) -> DisplayProjectionsUpdated:
    return {"conversationRevision": revision}


def forgotten() -> VisitorForgotten:
    return {"reset": True}


def _summary(one: VisitorConversation) -> VisitorSummary:
    return {
        "id": one.id,
        "title": one.title,
        "targetId": one.target_id,
        "flowId": one.target_id,
        "preview": one.preview,
        "messageCount": one.message_count,
        "createdAt": timestamps.to_text(one.created_at),
        "updatedAt": timestamps.to_text(one.updated_at),
    }


def _message(one: VisitorMessage) -> DisplayedMessage:
    message: DisplayedMessage = {
        "id": one.id,
        "role": one.role,
        "timestamp": timestamps.to_text(one.at),
        "displayAvailable": one.shown.is_available,
    }
    if one.shown.content is not None:
        message["content"] = one.shown.content
    if one.shown.display is not None:
        message["displayContent"] = one.shown.display
    return message


def _size(text: str | None, default: int, most: int) -> int:
    """The size of a page. Anything but a positive number means the default, and a larger one the most."""
    given = int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else 0
    return min(given, most) if given else default
