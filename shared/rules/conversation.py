"""A conversation of a client token, as its owner's list shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.rules import timestamps


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """`origin`: that of its session, empty for a native app. `first_message`: at most 280 characters."""

    id: str
    token_id: str
    name: str
    flow_id: str
    origin: str
    message_count: int
    first_message: str | None
    created_at: datetime
    updated_at: datetime


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
