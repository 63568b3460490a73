"""Cursors of lists: the position at which the next page starts, bound to the list and its filters.

A cursor is opaque, and no credential: a made-up one only starts elsewhere in a list that its sender may read anyway.
Its checksum makes a cursor that was altered, or belongs elsewhere, an error instead of a wrong page.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress

from shared.errors import InvalidRequest
from shared.rules import digest

# Enough for the longest id, of 128 characters of four bytes each, in Base64.
LENGTH_MAX = 1024
_CHECKSUM_LENGTH = 16


def encode(position: str, *scope: str | None) -> str:
    """`position`: in the list's own terms. `scope`: what the list is of, and its filters."""
    return urlsafe_b64encode(f"{_checksum(position, scope)}{position}".encode()).decode().rstrip("=")


def decode(cursor: str, *scope: str | None) -> str:
    """The position. Raises InvalidRequest for any text that `encode` does not return for this scope."""
    position = _decoded(cursor)[_CHECKSUM_LENGTH:] if len(cursor) <= LENGTH_MAX else ""
    # Base64 has several spellings of the same bytes. Only one is ours.
    if not position or encode(position, *scope) != cursor:
        raise invalid()
    return position


def require_text(position: str) -> str:
    """Part of a position that is JSON, which can spell text that is no Unicode. Raises ValueError."""
    position.encode()
    return position


def invalid() -> InvalidRequest:
    return InvalidRequest(
        "The cursor is not valid here.",
        code="invalid_cursor",
        hint="Leave it out to start from the first page. A cursor belongs to one list with its filters.",
    )


def _decoded(cursor: str) -> str:
    """Empty if it is malformed."""
    with suppress(ValueError):
        return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    return ""


def _checksum(position: str, scope: tuple[str | None, ...]) -> str:
    return digest.sha256_hex(json.dumps([position, *scope]))[:_CHECKSUM_LENGTH]
