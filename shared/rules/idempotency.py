"""Requests that are done once, however often they are sent: what such a one is known by, and what is kept of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.rules import digest
from shared.rules.audit import Circumstances
from shared.rules.token_value import Seal

_KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Digests in hex: `name` of who asks for what under which key, `asked` of what exactly that is."""

    name: str
    asked: str
    at: datetime

    @property
    def ends_at(self) -> datetime:
        return self.at + _KEPT_FOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An answer without the value, which its `seal` yields again; `revision`: of the token that it shows."""

    answer: Mapping[str, Any]
    seal: Seal
    revision: int


def claim(key: str | None, by: Circumstances, *what: str, asked: str) -> Claim | None:
    """None without a key. Another actor's key is another key: an answer shows a value to whom it was shown before."""
    if key is None:
        return None
    # As JSON no two lists read the same.
    return Claim(name=digest.of(json.dumps([by.tenant, by.actor, *what, key])), asked=digest.of(asked), at=by.at)
