"""A conversation of a client token, as its owner's list shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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
