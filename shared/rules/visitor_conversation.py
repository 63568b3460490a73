"""A conversation and its messages, as its returning visitor sees them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from shared.rules import conversation, display, identifier
from shared.rules.display import Shown
from shared.rules.session import Session
from shared.rules.target_request import Message
from shared.rules.turn import Turn

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitorConversation:
    """`message_count`: each message and its reply. `preview`: None if nothing of the last message is shown."""

    id: str
    title: str
    target_id: str
    preview: str | None
    message_count: int
    created_at: datetime
    updated_at: datetime
    revision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitorMessage:
    id: str
    role: Literal["user", "assistant"]
    at: datetime
    shown: Shown


def empty(current: Session) -> VisitorConversation:
    """The session's own conversation before its first message."""
    at = identifier.created_at(current.conversation_id)
    return VisitorConversation(
        id=current.conversation_id,
        title=conversation.name(at),
        target_id=current.target_id,
        preview=None,
        message_count=0,
        created_at=at,
        updated_at=at,
        revision=conversation.revision(0),
    )


def newest_first(turn: Turn) -> Iterator[VisitorMessage]:
    """The messages of a turn: the reply, questions to the visitor with their answers, and what the visitor wrote."""
    for message in reversed(turn.messages):
        yield VisitorMessage(
            id=message.id,
            role=message.role,
            at=message.at,
            shown=display.shown(message.role, message.text, display_of(turn, message)),
        )


def display_of(turn: Turn, message: Message) -> str | None:
    """What the page displays instead of a message of the turn. None if it displays the message itself."""
    return {turn.message: turn.display, turn.reply: turn.reply_display}.get(message)


def preview(turn: Turn | None) -> str | None:
    """The last text of the last turn that is shown."""
    messages = newest_first(turn) if turn else iter(())
    return next((display.preview(one.shown.text) for one in messages if one.shown.is_available), None)


def in_order(newest_first: Iterable[VisitorMessage]) -> list[VisitorMessage]:
    """Oldest first, at times that rise. Two sessions may have sent messages in the same millisecond, and pages sort by
    time.
    """
    ordered: list[VisitorMessage] = []
    for message in reversed(list(newest_first)):
        least = ordered[-1].at + _MILLISECOND if ordered else message.at
        ordered.append(replace(message, at=max(message.at, least)))
    return ordered
