"""Signs the values of client tokens in KMS. The key never leaves KMS, so no function ever holds it."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from datetime import datetime
from functools import cache
from secrets import token_bytes

from jwt.algorithms import HMACAlgorithm
from jwt.api_jws import PyJWS

from shared import log
from shared.aws.client import AwsError, AwsErrorResponse
from shared.aws.json_client import JsonClient
from shared.errors import InvalidRequest, Unavailable
from shared.rules import identifier, token_value
from shared.rules.identifier import RandomBytes
from shared.rules.token_value import Claims, IssuedValue

_UNUSABLE = {"DisabledException", "KMSInvalidStateException", "NotFoundException"}


class _KeyUnusable(Exception):  # noqa: N818 - becomes another error below
    """The key is disabled, about to be deleted, or gone."""


class _GenerateMac(HMACAlgorithm):
    """PyJWT's HS256 with a key's ARN instead of the key."""

    def prepare_key(self, key: str | bytes) -> bytes:
        return key if isinstance(key, bytes) else key.encode()

    def sign(self, msg: bytes, key: bytes) -> bytes:
        request = {"KeyId": key.decode(), "Message": b64encode(msg).decode(), "MacAlgorithm": "HMAC_SHA_256"}
        try:
            answer = _kms().call("GenerateMac", request)
        except AwsError as error:
            if isinstance(error, AwsErrorResponse) and error.code in _UNUSABLE:
                raise _KeyUnusable from error
            log.count("SigningFailures")
            raise Unavailable from error
        return b64decode(answer["Mac"])


@cache
def _kms() -> JsonClient:
    return JsonClient("kms", "TrentService", "1.1")


_jws = PyJWS(algorithms=[])
_jws.register_algorithm("HS256", _GenerateMac(HMACAlgorithm.SHA256))


def issue_first(environment: str, *, at: datetime) -> tuple[str, IssuedValue]:
    """The first value of a new token, whose id is in its claims. Otherwise as `issue`."""
    return issue(identifier.new("ct", at, token_bytes), environment, at=at)


def issue(
    token_id: str, environment: str, *, at: datetime, random_bytes: RandomBytes = token_bytes
) -> tuple[str, IssuedValue]:
    """A new value for a token, and what the record stores of it. One KMS call. Raises Unavailable if it fails."""
    key_arn, issuer = os.environ["SIGNING_KEY_ARN"], os.environ["TOKEN_ISSUER"]
    claims = token_value.claims(
        issuer=issuer, subject=token_id, environment=environment, at=at, random_bytes=random_bytes
    )
    try:
        value = _sign(claims, key_arn)
    except _KeyUnusable as unusable:
        log.count("SigningFailures")
        raise Unavailable("Tokens cannot be signed just now.", code="signing_key_unusable") from unusable.__cause__
    return value, token_value.issued_value(value, claims, key_arn)


def reveal(issued_value: IssuedValue) -> str:
    """The value, signed again with the key that issued it. Raises InvalidRequest, with a hint, if that fails."""
    try:
        value = _sign(issued_value.claims, issued_value.key_arn)
    except _KeyUnusable:
        value = None
    if value is None or not issued_value.matches(value):
        raise InvalidRequest(
            "This token's value can no longer be shown, because the key that signed it is no longer in use.",
            code="value_unavailable",
            hint="Regenerate the token to get a new value. The old value works until then.",
        )
    return value


def _sign(claims: Claims, key_arn: str) -> str:
    return _jws.encode(claims.payload(), key_arn, algorithm="HS256")
