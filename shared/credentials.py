"""Proves who calls the management plane: an API key, or the session token of a person signed in with Clerk."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Callable
from datetime import datetime
from typing import Any

from shared.errors import Unauthenticated, Unavailable
from shared.rules import api_key, digest
from shared.rules.api_key import ApiKey
from shared.rules.principal import SCOPES, Principal

_CLERK_ISSUER = os.environ["CLERK_ISSUER"]
_CLERK_AUTHORIZED_PARTIES = {
    party.strip() for party in os.environ["CLERK_AUTHORIZED_PARTIES"].split(",") if party.strip()
}

_LEEWAY_SECONDS = 5
_JWKS_LIFETIME_SECONDS = 300
# A stranger may make up as many key ids as he likes; Clerk must not be asked, nor waited for, about each.
_JWKS_REFETCH_SECONDS = 10
_JWKS_TIMEOUT_SECONDS = 3
_JWKS_BYTES_MAX = 1_000_000


def prove(bearer: str, *, find_api_key: Callable[[str], ApiKey | None], at: datetime) -> Principal:
    """Raises Unauthenticated, whatever is wrong with the credential, and Unavailable if that cannot be found out.

    `find_api_key` looks a key up by its digest.
    """
    if bearer.startswith(api_key.PREFIX):
        return _by_api_key(bearer, find_api_key, at)
    if _CLERK_ISSUER:
        return _by_clerk(bearer, at)
    raise Unauthenticated


def _by_api_key(value: str, find: Callable[[str], ApiKey | None], at: datetime) -> Principal:
    key = find(digest.of(value)) if api_key.is_well_formed(value) else None
    if key is None or key.is_expired(at):
        raise Unauthenticated
    return key.principal()


def _by_clerk(token: str, at: datetime) -> Principal:
    """Clerk's own rules for a manual check (https://clerk.com/docs/backend-requests/manual-jwt)."""
    # With cryptography behind it, this import is the dearest here, and API keys do without.
    import jwt  # noqa: PLC0415

    try:
        key_id = jwt.get_unverified_header(token).get("kid")
        claims = jwt.decode(
            token,
            jwt.PyJWK(_public_keys.find(key_id, at), algorithm="RS256"),
            algorithms=["RS256"],
            issuer=_CLERK_ISSUER,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "iss", "sub"], "verify_aud": False},
        )
    except jwt.PyJWTError:
        raise Unauthenticated from None
    if _CLERK_AUTHORIZED_PARTIES and claims.get("azp") not in _CLERK_AUTHORIZED_PARTIES:
        raise Unauthenticated
    # Signed in, but with a step still to take, such as a second factor.
    if claims.get("sts") == "pending":
        raise Unauthenticated
    organisation = claims.get("o")
    tenant = (
        (organisation.get("id") if isinstance(organisation, dict) else None) or claims.get("org_id") or claims["sub"]
    )
    if not (isinstance(tenant, str) and claims["sub"]):
        raise Unauthenticated
    return Principal(claims["sub"], tenant, SCOPES)


class _PublicKeys:
    """The issuer's key set (RFC 7517), as fetched at most five minutes ago."""

    def __init__(self) -> None:
        self._keys: dict[Any, dict[str, Any]] = {}
        self._fetched_at = self._asked_at = float("-inf")

    def find(self, key_id: Any, at: datetime) -> dict[str, Any]:
        """Raises Unauthenticated for an id that is not in the set, Unavailable if the set cannot be had."""
        now = at.timestamp()
        is_stale = now - self._fetched_at >= _JWKS_LIFETIME_SECONDS
        if (is_stale or key_id not in self._keys) and now - self._asked_at >= _JWKS_REFETCH_SECONDS:
            self._asked_at = now
            self._keys = _fetch_public_keys()
            self._fetched_at, is_stale = now, False
        has_failed = self._asked_at > self._fetched_at
        if is_stale or (has_failed and key_id not in self._keys):
            raise Unavailable
        if key_id not in self._keys:
            raise Unauthenticated
        return self._keys[key_id]


def _fetch_public_keys() -> dict[Any, dict[str, Any]]:
    address = f"{_CLERK_ISSUER.rstrip('/')}/.well-known/jwks.json"
    try:
        # The address is a parameter of the deployment, nothing that a caller says.
        with urllib.request.urlopen(address, timeout=_JWKS_TIMEOUT_SECONDS) as answer:  # noqa: S310
            keys = json.loads(answer.read(_JWKS_BYTES_MAX))["keys"]
        return {
            key["kid"]: key
            for key in keys
            if key.get("kty") == "RSA" and key.get("use", "sig") == "sig" and "kid" in key
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise Unavailable from error


_public_keys = _PublicKeys()
