"""Idempotent requests: applied once, however often they are sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.rules import digest
from shared.rules.audit import AuditContext
from shared.rules.token_value import IssuedValue

_KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """SHA-256 in hex: `digest` of the caller, the operation, and the key; `fingerprint` of the request's content."""

    digest: str
    fingerprint: str
    at: datetime

    @property
    def expires_at(self) -> datetime:
        return self.at + _KEPT_FOR


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResponse:
    """A response as it is stored: its JSON is cut wherever the token's value stood. `revision`: of the token in it."""

    key: IdempotencyKey
    pieces: tuple[str, ...]
    issued_value: IssuedValue
    revision: int

    def with_value(self, value: str) -> Mapping[str, Any]:
        """The body as it was sent, to the byte."""
        body: Mapping[str, Any] = json.loads(value.join(self.pieces))
        return body


def without_value(body: str, value: str) -> tuple[str, ...]:
    """A response's JSON in pieces. Cutting needs no placeholder, which text of callers could contain."""
    return tuple(body.split(value))


def scoped_key(key: str | None, context: AuditContext, *what: str, body: str) -> IdempotencyKey | None:
    """Scopes a key to the caller and the operation, because a response may hold a value. None without a key."""
    if key is None:
        return None
    # As JSON no two lists read the same.
    return IdempotencyKey(
        digest=digest.sha256_hex(json.dumps([context.tenant, context.actor, *what, key])),
        fingerprint=digest.sha256_hex(body),
        at=context.at,
    )
