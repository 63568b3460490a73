"""Identifiers: a prefix and a lower-case ULID, so that ids sort by time (https://github.com/ulid/spec)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
ULID_PATTERN = "[0-7][0-9a-hjkmnp-tv-z]{25}"
_ULID = re.compile(ULID_PATTERN)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

LABEL_MAX = 128
LABEL_PATTERN = r"^[^\s\x00-\x1f\x7f-\x9f\ufeff]+$"
"""For readers of openapi.json. In JavaScript, U+FEFF is white space."""
_NOT_IN_LABEL = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ufeff\ud800-\udfff]")

RandomBytes = Callable[[int], bytes]


def new(prefix: str, at: datetime, random_bytes: RandomBytes) -> str:
    """48 bits of milliseconds, then 80 random bits."""
    number = ((at - _EPOCH) // _MILLISECOND << 80) | int.from_bytes(random_bytes(10))
    return f"{prefix}_{''.join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))}"


def created_at(text: str) -> datetime:
    """When `new` made a valid identifier, to the millisecond."""
    number = 0
    for digit in text.partition("_")[2][:10]:
        number = number * 32 + _CROCKFORD.index(digit)
    return _EPOCH + number * _MILLISECOND


def is_valid(prefix: str, text: str) -> bool:
    """Whether `text` can be the result of `new`. Anything else need not be looked up."""
    head, _, ulid = text.partition("_")
    return head == prefix and _ULID.fullmatch(ulid) is not None


def is_label(text: str) -> bool:
    """Whether `text` can be an id chosen by others (a flow, an agent, a tenant): 1 to 128 characters, no spaces and no
    control characters.
    """
    return 1 <= len(text) <= LABEL_MAX and _NOT_IN_LABEL.search(text) is None
