"""An issued value as attributes of an item."""

from __future__ import annotations

from shared.rules.token_value import Claims, IssuedValue
from shared.store.table import Item


def to_item(issued_value: IssuedValue) -> Item:
    """All but the claims about the token, which the item holds under other names."""
    return {
        "issuer": issued_value.claims.iss,
        "issued_at": issued_value.claims.iat,
        "jti": issued_value.claims.jti,
        "digest": issued_value.digest,
        "prefix": issued_value.prefix,
        "hint": issued_value.hint,
        "key_arn": issued_value.key_arn,
    }


def from_item(item: Item, *, token_id: str, environment: str) -> IssuedValue:
    claims = Claims(iss=item["issuer"], sub=token_id, env=environment, iat=item["issued_at"], jti=item["jti"])
    return IssuedValue(
        claims=claims, digest=item["digest"], prefix=item["prefix"], hint=item["hint"], key_arn=item["key_arn"]
    )
