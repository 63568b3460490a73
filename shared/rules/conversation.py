"""A conversation of a client token, as its owner's list shows it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import NotFound
from shared.rules import cursor, timestamps


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """`origin`: that of its session, empty for a native app. `first_message`: at most 280 characters.

    `visitor_id`: whose history it is in; None without history.
    """

    id: str
    token_id: str
    name: str
    flow_id: str
    origin: str
    message_count: int
    first_message: str | None
    created_at: datetime
    updated_at: datetime
    visitor_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationFilter:
    """Only conversations that have each of these, where one is named. `surface_id`: their token's product surface;
    `visitor_id`: in whose history they are.
    """

    token_id: str | None = None
    surface_id: str | None = None
    visitor_id: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The position in the list after a conversation.

    `listed`: the time under which it is listed, and its id, as in the index. `updated_at`: its own, or None if those of
    the same ten minutes are too many to be sorted by it.
    """

    listed: str
    updated_at: str | None = None

    @classmethod
    def of(cls, conversation: Conversation) -> Place:
        time = timestamps.to_text(listed_at(conversation.updated_at))
        return cls(f"{time}#{conversation.id}", timestamps.to_text(conversation.updated_at))

    @property
    def time(self) -> str:
        return self.listed.partition("#")[0]

    def is_before(self, conversation: Conversation) -> bool:
        """Whether the sorted list shows the conversation after this place."""
        other = Place.of(conversation)
        return (other.updated_at or "", other.listed) < (self.updated_at or "", self.listed)

    def to_text(self) -> str:
        return json.dumps([self.listed, self.updated_at])

    @classmethod
    def from_text(cls, text: str) -> Place:
        """Raises ValueError."""
        match json.loads(text):
            case [str(listed), None | str() as updated_at] if listed.partition("#")[0]:
                return cls(cursor.require_text(listed), updated_at)
        raise ValueError("no place of a list")


def name(at: datetime) -> str:
    """A name for people, made from the time at which it began."""
    return f"Conversation {at:%Y-%m-%d %H:%M}"


def revision(message_count: int, display_count: int = 0) -> str:
    """Changes with every message of the visitor, and with every change of what is displayed."""
    return f"{message_count}.{display_count}"


def unknown() -> NotFound:
    """The same error for a conversation that does not exist, was deleted, or is another visitor's."""
    return NotFound("Conversation not found", code="conversation_not_found")


def listed_at(updated_at: datetime) -> datetime:
    """The time under which the index lists a conversation: the start of ten minutes.

    A conversation moves in the index when this time changes, so at most once in ten minutes. A move costs two write
    units, as much as the message itself and its session.
    """
    return timestamps.floor_to_ten_minutes(updated_at)


def moves(last_message_at: datetime | None, at: datetime) -> bool:
    """Whether a message at `at` moves its conversation in the index, or adds it. `last_message_at`: of its session."""
    return last_message_at is None or listed_at(last_message_at) != listed_at(at)


def listed_until(updated_at: datetime) -> datetime:
    """The end of these ten minutes, from which its retention counts. So its expiry changes no more often."""
    return listed_at(updated_at) + timedelta(minutes=10)
