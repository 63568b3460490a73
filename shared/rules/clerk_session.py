"""Clerk session tokens: their required claims, and the principal that they identify.

Clerk signs every kind of token with the same keys, so the signature alone does not make a session token.
https://clerk.com/docs/guides/sessions/session-tokens
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.rules.principal import SCOPES, Principal
from shared.rules.rejection import CredentialRejected

LEEWAY = timedelta(seconds=5)
# The header's `cat` tells kinds of tokens apart; this is a session's. Older session tokens have none.
_SESSION_CATEGORY = "cl_B7d4PD111AAA"
_USER = re.compile(r"user_[A-Za-z0-9_-]{1,100}")
_ORGANIZATION = re.compile(r"org_[A-Za-z0-9_-]{1,100}")
_SESSION = re.compile(r"[\x21-\x7e]{1,200}")
# The start of the year 9999, the last that Python knows.
_TIME_MAX = 253_370_764_800
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
# Short, because a parameter of the template holds them.
_SCOPE_NAMES = {
    "read": "tokens:read",
    "write": "tokens:write",
    "reveal": "tokens:reveal",
    "chat-read": "conversations:read",
    "chat-write": "conversations:write",
    "audit": "audit:read",
}
_ROLE_PREFIX = "org:"
_ROLE = re.compile(r"[a-z0-9_-]+")

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Clerk:
    """What a deployment accepts. `role_scopes`: organization role, without `org:`, to scopes."""

    issuer: str
    parties: frozenset[str]
    role_scopes: Mapping[str, tuple[str, ...]]

    @classmethod
    def from_parameters(cls, *, issuer: str, parties: str, role_scopes: str) -> Clerk:
        """From the deployment's parameters. Raises ValueError, which says what is wrong.

        `parties`: origins, separated by commas. `role_scopes`: such as `admin=read+write+reveal,member=read`.
        """
        listed = frozenset(_canonical(party) for party in parties.split(",") if party.strip())
        return cls(_canonical(issuer), listed, _read_role_scopes(role_scopes))

    def check_header(self, header: Claims) -> None:
        """Raise CredentialRejected for any other kind of token."""
        kind = header.get("typ")
        if not (isinstance(kind, str) and kind.upper() == "JWT" and header.get("cat") in (None, _SESSION_CATEGORY)):
            raise CredentialRejected("not_a_session_token")

    def check_issuer(self, claims: Claims) -> None:
        """Raise CredentialRejected for the token of another issuer."""
        issuer = claims.get("iss")
        if not (isinstance(issuer, str) and _canonical(issuer) == self.issuer):
            raise CredentialRejected("wrong_issuer")

    def principal(self, claims: Claims, at: datetime) -> Principal:
        """The person that these verified claims identify. Raises CredentialRejected."""
        self.check_issuer(claims)
        expires_at = _time(claims, "exp")
        if expires_at is None:
            raise CredentialRejected("malformed")
        if at >= expires_at + LEEWAY:
            raise CredentialRejected("expired")
        if any((start := _time(claims, name)) and at < start - LEEWAY for name in ("nbf", "iat")):
            raise CredentialRejected("not_yet_valid")
        user = claims.get("sub")
        if not (_is_text(_USER, user) and _is_text(_SESSION, claims.get("sid"))):
            raise CredentialRejected("not_a_session_token")
        party = claims.get("azp")
        if not (isinstance(party, str) and _canonical(party) in self.parties):
            raise CredentialRejected("wrong_party")
        # A pending session is signed in but has a task left, such as a second factor.
        if claims.get("sts") not in (None, "active"):
            raise CredentialRejected("session_pending")
        organization, role = _membership(claims)
        if organization is None:
            return Principal(str(user), str(user), SCOPES, expires_at + LEEWAY)
        scopes = self.role_scopes.get(role.removeprefix(_ROLE_PREFIX), ()) if role else ()
        return Principal(str(user), organization, scopes, expires_at + LEEWAY)


def _canonical(url: str) -> str:
    """An issuer or origin without insignificant differences: the host's case, a default port, a trailing slash."""
    scheme, mark, rest = url.strip().partition("://")
    scheme = scheme.lower()
    host, slash, path = rest.partition("/")
    host = host.lower().removesuffix(_DEFAULT_PORTS.get(scheme, ""))
    return f"{scheme}{mark}{host}{slash}{path}".rstrip("/")


def _read_role_scopes(text: str) -> dict[str, tuple[str, ...]]:
    mapped: dict[str, tuple[str, ...]] = {}
    for entry in text.split(",") if text else ():
        role, mark, names = entry.partition("=")
        role = role.removeprefix(_ROLE_PREFIX)
        named = set(names.split("+"))
        if not (mark and _ROLE.fullmatch(role)):
            raise ValueError(f"{entry!r} is not of the form role=scope+scope")
        if unknown := named - _SCOPE_NAMES.keys():
            raise ValueError(f"{entry!r} names a scope that does not exist: {min(unknown)}")
        if role in mapped:
            raise ValueError(f"the role {role!r} is listed twice")
        mapped[role] = tuple(scope for name, scope in _SCOPE_NAMES.items() if name in named)
    return mapped


def _membership(claims: Claims) -> tuple[str | None, str | None]:
    """The active organization and the role in it: of claims in version 2 from `o`, in version 1 from `org_...`."""
    active = claims.get("o")
    if active is None or active == {}:
        organization, role = claims.get("org_id"), claims.get("org_role")
    elif isinstance(active, dict) and isinstance(active.get("id"), str):
        organization, role = active["id"], active.get("rol")
    else:
        raise CredentialRejected("malformed")
    if organization is None:
        return None, None
    if not (_is_text(_ORGANIZATION, organization) and (role is None or isinstance(role, str))):
        raise CredentialRejected("malformed")
    return str(organization), role


def _time(claims: Claims, name: str) -> datetime | None:
    """A NumericDate (RFC 7519, section 2); None where the claim is absent. Raises CredentialRejected."""
    seconds = claims.get(name)
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not (isinstance(seconds, int | float) and 0 <= seconds <= _TIME_MAX):
        raise CredentialRejected("malformed")
    return datetime.fromtimestamp(seconds, UTC)


def _is_text(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
