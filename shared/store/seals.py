"""The seal of a token's value, as a part of whatever item keeps one."""

from __future__ import annotations

from shared.rules.token_value import Claims, Seal
from shared.store.table import Item


def to_item(seal: Seal) -> Item:
    """All but what it says of the token: that stands in the item under names of its own."""
    return {
        "issuer": seal.claims.iss,
        "issued_at": seal.claims.iat,
        "jti": seal.claims.jti,
        "digest": seal.digest,
        "prefix": seal.prefix,
        "hint": seal.hint,
        "key_arn": seal.key_arn,
    }


def from_item(item: Item, *, token_id: str, environment: str) -> Seal:
    claims = Claims(iss=item["issuer"], sub=token_id, env=environment, iat=item["issued_at"], jti=item["jti"])
    return Seal(claims=claims, digest=item["digest"], prefix=item["prefix"], hint=item["hint"], key_arn=item["key_arn"])
