"""Returning visitors: a browser that keeps a secret of ours, and so gets its conversations back.

The secret is shown once and stored nowhere. Its digest names the visitor, so one key finds both. A visitor belongs to
a client token, not to one of its values.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.rules import base62, digest, timestamps
from shared.rules.client_token import ClientToken
from shared.rules.identifier import RandomBytes
from shared.rules.visitor import Visitor

# From the last use. Only one use per day is recorded, so that most visits write nothing.
LIFETIME = timedelta(days=90)
_RECORDED_AFTER = timedelta(days=1)
_ID = re.compile(r"cvis_[0-9A-Za-z]{22}")
_SHAPE = re.compile(r"cvt_([0-7][0-9a-hjkmnp-tv-z]{25})_[0-9A-Za-z]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturningVisitor:
    """`digest`: of the secret."""

    id: str
    tenant: str
    token_id: str
    digest: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRequest:
    """What a page presents to get a visitor's conversations back. `conversation_id`: the one to continue.

    `has_proof`: whether it also sent a proof of the visitor's identity, which this service does not admit.
    """

    secret: str | None = None
    conversation_id: str | None = None
    has_proof: bool = False

    @property
    def identity_status(self) -> str:
        return identity_status(has_proof=self.has_proof)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRequest:
    """What a page asks for. `session_id`: the one that it still has. `history`: None if it keeps no history."""

    flow_id: str | None
    session_id: str | None
    history: HistoryRequest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedVisitor:
    """`secret`: of a new visitor, which is shown this once."""

    visitor: ReturningVisitor
    secret: str | None
    identity_status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryAccess:
    """What a page presents to read a history. `has_proof`: a proof of identity, which no token admits."""

    visitor: Visitor
    session_id: str
    secret: str | None
    has_proof: bool


@dataclass(frozen=True, slots=True)
class SecretParts:
    """The parts of a visitor's secret. They prove nothing until the visitor itself is found."""

    digest: str
    token_id: str

    @property
    def visitor_id(self) -> str:
        return _id(self.digest)


def mint(token: ClientToken, *, at: datetime, random_bytes: RandomBytes) -> tuple[str, ReturningVisitor]:
    """A new visitor's secret of 190 random bits, and its record, which holds only the secret's digest."""
    secret = f"cvt_{token.id.removeprefix('ct_')}_{base62.encode(int.from_bytes(random_bytes(32)), 32)}"
    hashed = digest.sha256_hex(secret)
    visitor = ReturningVisitor(
        id=_id(hashed),
        tenant=token.tenant,
        token_id=token.id,
        digest=hashed,
        created_at=at,
        expires_at=_expiry(at),
    )
    return secret, visitor


def is_id(text: str) -> bool:
    """Whether a visitor can have this id. It is no secret."""
    return _ID.fullmatch(text) is not None


def parse_secret(secret: str | None, token_id: str) -> SecretParts | None:
    """None if this cannot be the secret of a visitor of this token."""
    shape = _SHAPE.fullmatch(secret) if secret else None
    return SecretParts(digest.sha256_hex(shape[0]), token_id) if shape and f"ct_{shape[1]}" == token_id else None


def is_proven(visitor: ReturningVisitor, parts: SecretParts) -> bool:
    """Whether this is the visitor's secret. The id alone proves nothing: the whole digest is compared."""
    return hmac.compare_digest(visitor.digest, parts.digest) and visitor.token_id == parts.token_id


def renew(visitor: ReturningVisitor, at: datetime) -> ReturningVisitor:
    """The visitor after a visit: the same, unless a day has passed since the last one that was recorded."""
    return replace(visitor, expires_at=_expiry(at)) if _expiry(at) - visitor.expires_at >= _RECORDED_AFTER else visitor


def identity_status(*, has_proof: bool) -> str:
    """What became of a proof of identity. None is admitted."""
    return "ignored" if has_proof else "not_provided"


def _id(hashed: str) -> str:
    """128 bits of the secret's digest."""
    return f"cvis_{base62.encode(int(hashed[:32], 16), 22)}"


def _expiry(at: datetime) -> datetime:
    """In whole seconds, as DynamoDB's TTL has them."""
    return timestamps.floor_to_millisecond(at).replace(microsecond=0) + LIFETIME
