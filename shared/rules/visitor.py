"""Who stands at the browser's gate: what a request tells of its page and its line, and nothing that it claims."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Visitor:
    """`origin`: the Origin header as it came, None without one; `address`: the client's."""

    origin: str | None
    address: str
    at: datetime
