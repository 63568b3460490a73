"""Who stands at the browser's gate: what a request tells of its page and its line, and nothing that it claims."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Visitor:
    """`origin`: the Origin header as it came, None without one; `address`: the client's."""

    origin: str | None
    address: str
    at: datetime


# As browsers write an origin, in lower case. A label of a host has at most 63 characters: no secret of ours fits.
_LABEL = r"[a-z0-9_-]{1,63}"
_ORIGIN = re.compile(
    rf"[a-z][a-z0-9+.-]{{0,30}}://(?:{_LABEL}(?:\.{_LABEL}){{0,126}}|\[[0-9a-f:.]{{2,45}}\]|\.?)(?::[0-9]{{1,5}})?|null"
)
_LENGTH_MAX = 300


def is_origin(header: str) -> bool:
    """Whether this may be an origin, and so be repeated to others. A stranger can write anything into the header."""
    return len(header) <= _LENGTH_MAX and _ORIGIN.fullmatch(header) is not None


def loggable(header: str | None) -> str | None:
    """An Origin header as it may stand in a log."""
    if not header:
        return None
    return header if is_origin(header) else "malformed"
