"""The log of a session: which messages it has accepted, and when. One short text, 13 characters per message.

Six characters are a digest of the message's id, which the page chose, and seven its time. The time is also the key of
its turn, so a message that is sent again finds its turn without an index, however many came after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.rules import base62, digest, timestamps

_DIGEST_LENGTH = 6
# Enough milliseconds until the year 2081.
_TIME_LENGTH = 7
_ENTRY_LENGTH = _DIGEST_LENGTH + _TIME_LENGTH
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """`number`: of the message in its session, from 1."""

    number: int
    at: datetime


def append(log: str, message_id: str, at: datetime) -> str:
    return log + short_digest(message_id) + encode_time(at)


def find(log: str, message_id: str) -> Entry | None:
    """The entry of a message, if the session has accepted it before."""
    wanted = short_digest(message_id)
    for start in range(0, len(log), _ENTRY_LENGTH):
        if log.startswith(wanted, start):
            return Entry(start // _ENTRY_LENGTH + 1, _time(log[start : start + _ENTRY_LENGTH]))
    return None


def length(log: str) -> int:
    """The number of messages."""
    return len(log) // _ENTRY_LENGTH


def last(log: str) -> Entry | None:
    """The entry of the last message."""
    return Entry(length(log), _time(log[-_ENTRY_LENGTH:])) if log else None


def short_digest(text: str) -> str:
    """36 bits of a digest. Two of a hundred messages are taken for one once in fourteen million sessions."""
    return base62.encode(int(digest.sha256_hex(text), 16), _DIGEST_LENGTH)


def encode_time(at: datetime) -> str:
    """A time in seven characters, to the millisecond."""
    return base62.encode((at - _EPOCH) // _MILLISECOND, _TIME_LENGTH)


def decode_time(text: str) -> datetime:
    return timestamps.from_milliseconds(base62.decode(text))


def _time(entry: str) -> datetime:
    return decode_time(entry[_DIGEST_LENGTH:])
