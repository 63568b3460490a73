"""A client token's value: a JWT. Its claims and digest are stored, the value itself is not."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import dataclass
from datetime import datetime

from shared.rules import digest, identifier
from shared.rules.identifier import RandomBytes

_HEADER = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=").decode()
_PARTS = 3
_MAC_BYTES = 32
# A value is some 300 characters long.
_LENGTH_MAX = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """`iss`: the deployment; `sub`: the token id; `env`: live or test; `iat`: seconds; `jti`: 128 random bits, hex."""

    iss: str
    sub: str
    env: str
    iat: int
    jti: str

    def payload(self) -> bytes:
        """The same bytes every time, so that signing again returns the same value."""
        claims = {"iss": self.iss, "sub": self.sub, "env": self.env, "iat": self.iat, "jti": self.jti}
        return json.dumps(claims, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedValue:
    """What a record stores of a value. `digest`: SHA-256 in hex. `prefix`, `hint`: its first 8 and last 4 characters.
    `key_arn`: the KMS key that signed it."""

    claims: Claims
    digest: str
    prefix: str
    hint: str
    key_arn: str

    def matches(self, value: str) -> bool:
        return hmac.compare_digest(self.digest, digest.sha256_hex(value))


def claims(*, issuer: str, subject: str, environment: str, at: datetime, random_bytes: RandomBytes) -> Claims:
    return Claims(iss=issuer, sub=subject, env=environment, iat=int(at.timestamp()), jti=random_bytes(16).hex())


def issued_value(value: str, claims: Claims, key_arn: str) -> IssuedValue:
    return IssuedValue(
        claims=claims, digest=digest.sha256_hex(value), prefix=value[:8], hint=value[-4:], key_arn=key_arn
    )


def subject(value: str) -> str | None:
    """The token id in a value, read without proof: the digest decides. None if no deployment can have issued it."""
    parts = value.split(".")
    if len(value) > _LENGTH_MAX or len(parts) != _PARTS or parts[0] != _HEADER:
        return None
    payload, mac = _decoded(parts[1]), _decoded(parts[2])
    if payload is None or mac is None or len(mac) != _MAC_BYTES:
        return None
    try:
        claims = json.loads(payload)
    except ValueError:
        return None
    sub = claims.get("sub") if isinstance(claims, dict) else None
    return sub if isinstance(sub, str) and identifier.is_valid("ct", sub) else None


def _decoded(text: str) -> bytes | None:
    """Decodes base64url as in RFC 7515: no padding, and only the canonical spelling."""
    try:
        decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    return decoded if base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() == text else None
