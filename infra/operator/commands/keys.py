"""API keys: made, listed, revoked."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime, timedelta
from secrets import token_bytes
from typing import Any

from infra.operator import trail
from infra.operator.confirmation import confirmed
from infra.operator.printing import NEW_TENANT, say, show
from shared.errors import NotFound
from shared.rules import api_key, timestamps
from shared.rules.api_key import ApiKey
from shared.rules.audit import AuditContext
from shared.store import api_keys, audit, tenants


def _create(arguments: argparse.Namespace) -> None:
    context = trail.circumstances(arguments)
    now, expires_at = context.at, None
    if arguments.expires_in_days:
        # In whole seconds, as the table keeps it.
        expires_at = now.replace(microsecond=0) + timedelta(days=arguments.expires_in_days)
    value, key = api_key.mint(
        arguments.tenant, arguments.name, arguments.scopes, at=now, expires_at=expires_at, random_bytes=token_bytes
    )
    facts = {"name": (None, key.name), "scopes": (None, key.scopes), "expires_at": (None, _facts(key)["expiresAt"])}
    listed_until = expires_at and expires_at + audit.retention()
    trace = trail.record(context, "create_key", key.id, facts)
    is_new = tenants.first_seen(key.tenant) is None
    api_keys.add(key, trace, listed_until=listed_until)
    # Before the value: whoever loses that must know which key to revoke.
    say(f"Created {_named(key)}.")
    if is_new:
        say(NEW_TENANT.format(key.tenant))
    say(f"Scopes: {', '.join(key.scopes)}. Expires: {_expiry(key, now)}.")
    say("This is its value. It is shown only now, and cannot be found out later:")
    print(json.dumps({"value": value} | _facts(key), indent=2) if arguments.json else value)
    say(f"The API at {arguments.deployment.url} takes it, in the header Authorization: Bearer.")


def _list(arguments: argparse.Namespace) -> None:
    now = datetime.now(UTC)
    show(
        api_keys.list_by_tenant(arguments.tenant, at=now),
        _facts,
        {
            "ID": lambda key: key.id,
            "NAME": lambda key: key.name,
            "SCOPES": lambda key: ",".join(key.scopes),
            "ENDS IN": lambda key: key.hint,
            "CREATED": lambda key: timestamps.to_text(key.created_at),
            "EXPIRES": lambda key: _expiry(key, now),
        },
        as_json=arguments.json,
        if_none=f"Tenant {arguments.tenant} has no API keys.",
    )


def _revoke(arguments: argparse.Namespace) -> None:
    now = datetime.now(UTC)
    key = api_keys.get(arguments.tenant, arguments.id, at=now)
    if ended_at := key.ended_at(now):
        how = "was revoked" if key.revoked_at else "expired"
        at = timestamps.to_text(ended_at)
        raise NotFound(f"API key {key.id} of tenant {key.tenant} {how} at {at}: there is nothing to revoke.")
    if not confirmed(arguments, f"{_named(key)}, which ends in {key.hint} and may {', '.join(key.scopes)}."):
        return
    context = trail.circumstances(arguments)
    revoke(key, context)
    say(f"Revoked {_named(key)}, which ended in {key.hint}.")
    say("The API may still accept it for as long as the authorizer remembers it (the stack's AuthorizerCacheSeconds).")


def revoke(key: ApiKey, context: AuditContext) -> None:
    """With its audit record. Raises NotFound where somebody else was faster."""
    trace = trail.record(context, "revoke_key", key.id, {"revoked_at": (None, timestamps.to_text(context.at))})
    api_keys.revoke(key, trace, at=context.at, listed_until=context.at + audit.retention())


def _named(key: ApiKey) -> str:
    return f'API key {key.id} "{key.name}" of tenant {key.tenant}'


def _facts(key: ApiKey) -> dict[str, Any]:
    """In the spelling of the API's own answers."""
    return {
        "id": key.id,
        "name": key.name,
        "scopes": key.scopes,
        "hint": key.hint,
        "createdAt": timestamps.to_text(key.created_at),
        "expiresAt": key.expires_at and timestamps.to_text(key.expires_at),
        "revokedAt": key.revoked_at and timestamps.to_text(key.revoked_at),
    }


def _expiry(key: ApiKey, now: datetime) -> str:
    if key.revoked_at:
        return f"revoked {timestamps.to_text(key.revoked_at)}"
    if key.expires_at is None:
        return "never"
    return timestamps.to_text(key.expires_at) + (" (expired)" if key.is_expired(now) else "")


VERBS = {"create": _create, "list": _list, "revoke": _revoke}
