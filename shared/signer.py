"""Signs the values of client tokens in KMS: the key never leaves it, and no function ever holds it."""

from __future__ import annotations

import os
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError
from jwt.algorithms import HMACAlgorithm
from jwt.api_jws import PyJWS

from shared import aws
from shared.errors import Invalid, Unavailable
from shared.rules import token_value
from shared.rules.identifier import RandomBytes
from shared.rules.token_value import Claims, Seal

_KEY_ARN = os.environ["SIGNING_KEY_ARN"]
_ISSUER = os.environ["TOKEN_ISSUER"]

_kms = aws.client("kms")


class _KeyUnusable(Exception):  # noqa: N818 - translated below, differently for a new value and for an old one
    """The key is disabled, about to be deleted, or gone."""


class _GenerateMac(HMACAlgorithm):
    """PyJWT's HS256 with a key's ARN in the place of the key."""

    def prepare_key(self, key: str | bytes) -> bytes:
        return key if isinstance(key, bytes) else key.encode()

    def sign(self, msg: bytes, key: bytes) -> bytes:
        try:
            answer = _kms.generate_mac(KeyId=key.decode(), Message=msg, MacAlgorithm="HMAC_SHA_256")
        except (
            _kms.exceptions.DisabledException,
            _kms.exceptions.KMSInvalidStateException,
            _kms.exceptions.NotFoundException,
        ) as error:
            raise _KeyUnusable from error
        except (ClientError, BotoCoreError) as error:
            raise Unavailable from error
        mac: bytes = answer["Mac"]
        return mac


_jws = PyJWS(algorithms=[])
_jws.register_algorithm("HS256", _GenerateMac(HMACAlgorithm.SHA256))


def issue(token_id: str, environment: str, *, at: datetime, random_bytes: RandomBytes) -> tuple[str, Seal]:
    """A new value for a token, and what its record keeps of it. One KMS call; Unavailable if the key does not sign."""
    claims = token_value.claims(
        issuer=_ISSUER, subject=token_id, environment=environment, at=at, random_bytes=random_bytes
    )
    try:
        value = _sign(claims, _KEY_ARN)
    except _KeyUnusable as unusable:
        raise Unavailable("Tokens cannot be signed just now.", code="signing_key_unusable") from unusable
    return value, token_value.seal(value, claims, _KEY_ARN)


def reveal(seal: Seal) -> str:
    """The sealed value, signed again with the key of that time. Invalid, with a hint, if that cannot be done."""
    try:
        value = _sign(seal.claims, seal.key_arn)
    except _KeyUnusable:
        value = None
    if value is None or not seal.fits(value):
        raise Invalid(
            "This token's value can no longer be shown, because the key that signed it is not in use any more.",
            code="value_unavailable",
            hint="Regenerate the token to get a new value. The old value works until then.",
        )
    return value


def _sign(claims: Claims, key_arn: str) -> str:
    return _jws.encode(claims.payload(), key_arn, algorithm="HS256")
