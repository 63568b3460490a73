"""A warning about a risky setting of a token. The setting is accepted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SecurityWarning:
    """`type`: for programs. `message`: for people."""

    type: str
    message: str
