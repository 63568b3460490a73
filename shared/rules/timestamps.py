"""Timestamps in UTC, to the millisecond, in a form that sorts as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


def to_text(at: datetime) -> str:
    """Such as `2026-11-24T03:25:36.123Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """Raises ValueError for any text that `to_text` does not write."""
    if not _FORM.fullmatch(text):
        raise ValueError("not a timestamp as we write them")
    return datetime.fromisoformat(text)


def from_milliseconds(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def floor_to_ten_minutes(at: datetime) -> datetime:
    """The start of its ten minutes of the clock. What is written once in such a time costs little."""
    return at.replace(minute=at.minute // 10 * 10, second=0, microsecond=0)


def floor_to_millisecond(at: datetime) -> datetime:
    """Without microseconds, which are not stored."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
