"""Proves who calls the management plane: an API key, or the session token of a person signed in with Clerk."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Callable
from datetime import datetime
from functools import cache
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError

from shared.errors import Unavailable
from shared.rules import api_key, digest, token_value
from shared.rules.api_key import ApiKey
from shared.rules.clerk_session import Clerk
from shared.rules.principal import Principal
from shared.rules.rejection import CredentialRejected

_JWKS_LIFETIME_SECONDS = 300
# Anybody can make up key ids: Clerk is not asked about each.
_JWKS_REFETCH_SECONDS = 10
_JWKS_TIMEOUT_SECONDS = 3
_JWKS_BYTES_MAX = 1_000_000
# Clerk's keys come from Cloudflare, which may block the library's own User-Agent:
# https://github.com/jpadilla/pyjwt/issues/1121
_USER_AGENT = "client-tokens"


def authenticate(bearer: str, *, find_api_key: Callable[[str], ApiKey | None], at: datetime) -> Principal:
    """Raises CredentialRejected if anything is wrong with the credential, and Unavailable if it cannot be checked.

    `find_api_key` looks a key up by its digest.
    """
    if bearer.startswith(api_key.PREFIX):
        return _by_api_key(bearer, find_api_key, at)
    if token_value.subject(bearer):
        raise CredentialRejected("client_token")
    if not _clerk().issuer:
        raise CredentialRejected("clerk_not_configured")
    return _by_clerk(bearer, at)


def _by_api_key(value: str, find: Callable[[str], ApiKey | None], at: datetime) -> Principal:
    if not api_key.is_well_formed(value):
        raise CredentialRejected("malformed")
    key = find(digest.sha256_hex(value))
    if key is None:
        raise CredentialRejected("unknown_key")
    if key.is_expired(at):
        raise CredentialRejected("expired")
    return key.principal()


def _by_clerk(token: str, at: datetime) -> Principal:
    """Clerk's own rules for a manual check (https://clerk.com/docs/backend-requests/manual-jwt)."""
    # It loads cryptography and costs more than all other imports here. API keys need neither.
    import jwt  # noqa: PLC0415

    try:
        decoded = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError):
        raise CredentialRejected("malformed") from None
    header, claims = decoded["header"], decoded["payload"]
    clerk = _clerk()
    clerk.check_header(header)
    # Before the key is looked up, so that a token of another issuer costs no fetch.
    clerk.check_issuer(claims)
    key = _public_keys.find(header.get("kid"), at)
    try:
        jwt.PyJWS().decode(token, jwt.PyJWK(key, algorithm="RS256"), algorithms=["RS256"])
    except (jwt.PyJWTError, ValueError):
        raise CredentialRejected("bad_signature") from None
    return clerk.principal(claims, at)


@cache
def _clerk() -> Clerk:
    return Clerk.from_parameters(
        issuer=os.environ["CLERK_ISSUER"],
        parties=os.environ["CLERK_AUTHORIZED_PARTIES"],
        role_scopes=os.environ["CLERK_ROLE_SCOPES"],
    )


class _PublicKeys:
    """The issuer's key set (RFC 7517), at most five minutes old."""

    def __init__(self) -> None:
        self._keys: dict[Any, dict[str, Any]] = {}
        self._fetched_at = self._asked_at = float("-inf")

    def find(self, key_id: Any, at: datetime) -> dict[str, Any]:
        """Raises CredentialRejected for an id that is not in the set, Unavailable if the set cannot be fetched."""
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
            raise CredentialRejected("unknown_signing_key")
        return self._keys[key_id]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Redirects are not followed, so that nothing can lead the fetch away from https."""

    def redirect_request(self, *_: object) -> None:
        return None


# What urlopen and the parsing may raise if the address does not return a key set.
_UNREADABLE = (OSError, HTTPException, ValueError, LookupError, TypeError, AttributeError, RecursionError)


def _fetch_public_keys() -> dict[Any, dict[str, Any]]:
    address = f"{_clerk().issuer}/.well-known/jwks.json"
    opener = urllib.request.build_opener(_NoRedirects)
    opener.addheaders = [("User-Agent", _USER_AGENT)]
    try:
        # The address is a parameter of the deployment. No caller can choose it.
        with opener.open(address, timeout=_JWKS_TIMEOUT_SECONDS) as answer:
            keys = json.loads(answer.read(_JWKS_BYTES_MAX))["keys"]
        return {
            key["kid"]: key
            for key in keys
            if key.get("kty") == "RSA" and key.get("use", "sig") == "sig" and "kid" in key
        }
    except _UNREADABLE as error:
        if isinstance(error, HTTPError):
            error.close()
        raise Unavailable from error


_public_keys = _PublicKeys()
