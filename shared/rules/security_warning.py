"""What a token's owner should know about the risk in its terms; the terms hold all the same."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SecurityWarning:
    """`type` is for programs, `message` for people."""

    type: str
    message: str
