"""API keys: `ctk_`, 32 random base62 characters, and a checksum of 6. Only the digest is stored."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import datetime

from shared.rules import base62, digest, identifier
from shared.rules.identifier import RandomBytes
from shared.rules.principal import Principal

PREFIX = "ctk_"
_SHAPE = re.compile(r"ctk_[0-9A-Za-z]{38}")
_CHECKSUM_LENGTH = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """`hint`: the value's last four characters, so that an operator can recognize a key."""

    id: str
    tenant: str
    name: str
    scopes: tuple[str, ...]
    digest: str
    hint: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None = None

    def principal(self) -> Principal:
        return Principal(self.id, self.tenant, self.scopes, self.expires_at)

    def is_expired(self, at: datetime) -> bool:
        return self.expires_at is not None and at >= self.expires_at

    def ended_at(self, at: datetime) -> datetime | None:
        """When it was revoked or expired, None if it is valid."""
        return self.revoked_at or (self.expires_at if self.is_expired(at) else None)


def mint(
    tenant: str,
    name: str,
    scopes: tuple[str, ...],
    *,
    at: datetime,
    expires_at: datetime | None,
    random_bytes: RandomBytes,
) -> tuple[str, ApiKey]:
    """A new key's value and record. The value is shown once. 32 base62 characters hold 190 random bits."""
    secret = base62.encode(int.from_bytes(random_bytes(32)), 32)
    value = PREFIX + secret + _checksum(PREFIX + secret)
    key = ApiKey(
        id=identifier.new("key", at, random_bytes),
        tenant=tenant,
        name=name,
        scopes=scopes,
        digest=digest.sha256_hex(value),
        hint=value[-4:],
        created_at=at,
        expires_at=expires_at,
    )
    return value, key


def is_well_formed(value: str) -> bool:
    """Whether the checksum matches. A typo or a guess costs no read."""
    return _SHAPE.fullmatch(value) is not None and value[-_CHECKSUM_LENGTH:] == _checksum(value[:-_CHECKSUM_LENGTH])


def _checksum(text: str) -> str:
    return base62.encode(zlib.crc32(text.encode()), _CHECKSUM_LENGTH)
