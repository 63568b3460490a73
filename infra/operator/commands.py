"""The commands themselves: what they change in the table, and what they print.

Standard output is for what the next program reads: a key's value, a list. What is said to the operator goes to
standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from secrets import token_bytes
from typing import Any

from pydantic.alias_generators import to_camel

from infra.operator import settings
from shared.errors import NotFound
from shared.rules import api_key, client_token, identifier, instant
from shared.rules.api_key import ApiKey
from shared.rules.audit import Circumstances, Record
from shared.rules.client_token import ClientToken
from shared.rules.target import Target
from shared.store import api_keys, audit, changes, client_tokens, erasure, targets
from shared.store.changes import Change

_PROGRESS_EVERY = 100


def run(arguments: argparse.Namespace) -> None:
    """Raises Refusal."""
    _COMMANDS[arguments.noun, arguments.verb](arguments)


def _create_key(arguments: argparse.Namespace) -> None:
    now = datetime.now(UTC)
    expires_at = None
    if arguments.expires_in_days:
        # In whole seconds, as the table keeps it.
        expires_at = now.replace(microsecond=0) + timedelta(days=arguments.expires_in_days)
    value, key = api_key.mint(
        arguments.tenant, arguments.name, arguments.scopes, at=now, expires_at=expires_at, random_bytes=token_bytes
    )
    api_keys.add(key)
    # Before the value: whoever loses that must know which key to revoke.
    _say(f'Created API key {key.id} "{key.name}" of tenant {key.tenant}.')
    _say(f"Scopes: {', '.join(key.scopes)}. Expires: {_expiry(key, now)}.")
    _say("This is its value. It is shown only now, and cannot be found out later:")
    print(json.dumps({"value": value} | _key_facts(key), indent=2) if arguments.json else value)


def _list_keys(arguments: argparse.Namespace) -> None:
    keys = api_keys.of_tenant(arguments.tenant)
    if arguments.json:
        print(json.dumps([_key_facts(key) for key in keys], indent=2))
        return
    if not keys:
        _say(f"Tenant {arguments.tenant} has no API keys.")
        return
    now = datetime.now(UTC)
    _print_table(
        ("ID", "NAME", "SCOPES", "ENDS IN", "CREATED", "EXPIRES"),
        [
            (key.id, key.name, ",".join(key.scopes), key.hint, instant.to_text(key.created_at), _expiry(key, now))
            for key in keys
        ],
    )


def _revoke_key(arguments: argparse.Namespace) -> None:
    key = api_keys.of_id(arguments.tenant, arguments.id)
    api_keys.revoke(key)
    _say(f'Revoked API key {key.id} "{key.name}" of tenant {key.tenant}, which ended in {key.hint}.')
    _say("The API may still accept it for as long as the authorizer remembers it (the stack's AuthorizerCacheSeconds).")


def _register_target(arguments: argparse.Namespace) -> None:
    targets.register(
        Target(
            id=arguments.id,
            tenant=arguments.tenant,
            kind=arguments.kind,
            settings=settings.read(arguments.kind, arguments.settings),
            created_at=datetime.now(UTC),
        )
    )
    _say(f"Registered {arguments.id} ({arguments.kind}) as a target of tenant {arguments.tenant}.")


def _list_targets(arguments: argparse.Namespace) -> None:
    found = targets.of_tenant(arguments.tenant)
    if arguments.json:
        print(json.dumps([_target_facts(one) for one in found], indent=2))
        return
    if not found:
        _say(f"Tenant {arguments.tenant} has no registered targets.")
        return
    _print_table(
        ("ID", "KIND", "CREATED", "SETTINGS"),
        # JSON keeps a prompt of many lines on one.
        [(one.id, one.kind, instant.to_text(one.created_at), json.dumps(one.settings)) for one in found],
    )


def _remove_target(arguments: argparse.Namespace) -> None:
    targets.remove(arguments.tenant, arguments.id)
    _say(f"Removed target {arguments.id} of tenant {arguments.tenant}.")


def _list_tokens(arguments: argparse.Namespace) -> None:
    tokens = list(client_tokens.of_tenant(arguments.tenant))
    if arguments.json:
        print(json.dumps([_token_facts(token) for token in tokens], indent=2))
        return
    if not tokens:
        _say(f"Tenant {arguments.tenant} has no client tokens.")
        return
    _print_table(
        ("ID", "NAME", "ENVIRONMENT", "ACTIVE", "CREATED", "SIGNED BY"),
        [
            (
                token.id,
                token.terms.name,
                token.environment,
                "yes" if token.terms.is_active else "no",
                instant.to_text(token.created_at),
                token.seal.key_arn.rpartition("/")[2],
            )
            for token in tokens
        ],
    )


def _revoke_tenant(arguments: argparse.Namespace) -> None:
    """Keys first: who still has one could make a token behind us."""
    tenant, revoked, tokens, active, switched_off = arguments.tenant, 0, 0, 0, 0
    keys = api_keys.of_tenant(tenant)
    for key in keys:
        # Whoever else revokes keys at this moment may be faster.
        with suppress(NotFound):
            api_keys.revoke(key)
            revoked += 1
    if keys:
        _say(f"Revoked {_counted(revoked, 'API key')} of tenant {tenant}.")
    for token in client_tokens.of_tenant(tenant):
        tokens += 1
        if token.terms.is_active:
            active += 1
            # Or delete tokens.
            with suppress(NotFound):
                changes.change(token, _switched_off, action="update", by=_by_operator(tenant), expected=None)
                switched_off += 1
                if switched_off % _PROGRESS_EVERY == 0:
                    _say(f"{switched_off} client tokens are off, more follow.")
    if not (keys or tokens):
        raise NotFound(f"Tenant {tenant} has no API keys and no client tokens: is the name right?")
    if not (keys or active):
        _say(f"Nothing of tenant {tenant} is left to revoke: it has no API keys, and its client tokens are off.")
        return
    _say(f"Switched off {_counted(switched_off, 'client token')} of tenant {tenant}. Their sessions have ended.")
    _say(
        "The API may accept a key for as long as the authorizer remembers it (the stack's AuthorizerCacheSeconds), and"
    )
    _say("with it make or switch on a token. When that is over, revoke once more: it should find nothing.")


def _by_operator(tenant: str) -> Circumstances:
    at = datetime.now(UTC)
    return Circumstances(
        tenant=tenant, actor="operator", address="", request_id=identifier.new("cmd", at, token_bytes), at=at
    )


def _switched_off(token: ClientToken) -> Change[None]:
    return Change(client_token.amend(token, {"is_active": False}, at=datetime.now(UTC)), None)


def _delete_conversation(arguments: argparse.Namespace) -> None:
    items = erasure.forget(arguments.tenant, arguments.id)
    _say(f"Deleted conversation {arguments.id} of tenant {arguments.tenant}: {_counted(items, 'item')} of the table.")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _token_facts(token: ClientToken) -> dict[str, Any]:
    """In the spelling of the API, and the key, which the API does not tell."""
    return {
        "id": token.id,
        "name": token.terms.name,
        "environment": token.environment,
        "isActive": token.terms.is_active,
        "createdAt": instant.to_text(token.created_at),
        "signingKeyArn": token.seal.key_arn,
    }


def _show_audit(arguments: argparse.Namespace) -> None:
    records = list(
        audit.trail(
            arguments.tenant, arguments.token, since=arguments.since, until=arguments.until, at=datetime.now(UTC)
        )
    )
    if arguments.json:
        print(json.dumps([_record_facts(record) for record in records], indent=2))
        return
    if not records:
        _say(f"Tenant {arguments.tenant} has no such audit records.")
        return
    _print_table(
        ("AT", "ACTION", "TOKEN", "WHO", "ADDRESS", "CHANGES"),
        [
            (
                instant.to_text(record.by.at),
                record.action,
                record.token_id,
                record.by.actor,
                record.by.address,
                "; ".join(_change(name, states) for name, states in record.changes.items()),
            )
            for record in records
        ],
    )


def _change(name: str, states: Sequence[Any] | None) -> str:
    # JSON keeps a name of many lines on one.
    return f"{to_camel(name)}: {' -> '.join(map(json.dumps, states))}" if states else name


def _record_facts(record: Record) -> dict[str, Any]:
    return {
        "at": instant.to_text(record.by.at),
        "action": record.action,
        "tokenId": record.token_id,
        "actor": record.by.actor,
        "address": record.by.address,
        "requestId": record.by.request_id,
        "changes": {to_camel(name): states for name, states in record.changes.items()},
    }


def _key_facts(key: ApiKey) -> dict[str, Any]:
    """In the spelling of the API's own answers."""
    return {
        "id": key.id,
        "name": key.name,
        "scopes": key.scopes,
        "hint": key.hint,
        "createdAt": instant.to_text(key.created_at),
        "expiresAt": key.expires_at and instant.to_text(key.expires_at),
    }


def _target_facts(target: Target) -> dict[str, Any]:
    return {
        "id": target.id,
        "kind": target.kind,
        "settings": target.settings,
        "createdAt": instant.to_text(target.created_at),
    }


def _expiry(key: ApiKey, now: datetime) -> str:
    if key.expires_at is None:
        return "never"
    return instant.to_text(key.expires_at) + (" (expired)" if key.is_expired(now) else "")


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _say(text: str) -> None:
    print(text, file=sys.stderr)


_COMMANDS = {
    ("keys", "create"): _create_key,
    ("keys", "list"): _list_keys,
    ("keys", "revoke"): _revoke_key,
    ("targets", "register"): _register_target,
    ("targets", "list"): _list_targets,
    ("targets", "remove"): _remove_target,
    ("tokens", "list"): _list_tokens,
    ("tenants", "revoke"): _revoke_tenant,
    ("conversations", "delete"): _delete_conversation,
    ("audit", None): _show_audit,
}
