"""Lists tenants, and revokes everything that belongs to one."""

from __future__ import annotations

import argparse
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from infra.operator import trail
from infra.operator.commands import keys as key_commands
from infra.operator.confirmation import confirmed
from infra.operator.printing import counted, say, show
from shared.errors import NotFound
from shared.rules import client_token, timestamps
from shared.rules.api_key import ApiKey
from shared.rules.audit import AuditContext
from shared.rules.client_token import ClientToken
from shared.store import api_keys, client_tokens, tenants, token_writes
from shared.store.token_writes import PendingWrite

_PROGRESS_EVERY = 100


def _list(arguments: argparse.Namespace) -> None:
    show(
        tenants.list_all(),
        lambda one: {"tenant": one[0], "createdAt": timestamps.to_text(one[1])},
        {"TENANT": lambda one: one[0], "CREATED": lambda one: timestamps.to_text(one[1])},
        as_json=arguments.json,
        if_none="No tenant has had a client token, an API key, or a target.",
    )


def _revoke(arguments: argparse.Namespace) -> None:
    """Keys first: whoever still has one could make another token meanwhile."""
    tenant = arguments.tenant
    now = datetime.now(UTC)
    all_keys = api_keys.list_by_tenant(tenant, at=now)
    keys = [key for key in all_keys if not key.ended_at(now)]
    are_active = [token.settings.is_active for token in client_tokens.list_by_tenant(tenant)]
    if not (all_keys or are_active):
        raise NotFound(f"Tenant {tenant} has no API keys and no client tokens: is the name right?")
    if not (keys or any(are_active)):
        say(f"Nothing of tenant {tenant} is left to revoke: no API key of it works, and its client tokens are off.")
        return
    named = [f'  {key.id} "{key.name}", which ends in {key.hint}' for key in keys]
    what = f"{counted(len(keys), 'API key')} to revoke, {counted(sum(are_active), 'client token')} to switch off"
    if not confirmed(arguments, f"Tenant {tenant}: {what} (of {len(are_active)}).", *named):
        return
    context = trail.circumstances(arguments)
    _revoke_keys(keys, context)
    _switch_off(context)
    say("The API may accept a key for as long as the authorizer remembers it (the stack's AuthorizerCacheSeconds), and")
    say("with it make or switch on a token. When that is over, revoke once more: it should find nothing.")


def _revoke_keys(keys: list[ApiKey], context: AuditContext) -> None:
    revoked = 0
    for key in keys:
        # Whoever else revokes keys at this moment may be faster.
        with suppress(NotFound):
            key_commands.revoke(key, context)
            revoked += 1
    if keys:
        say(f"Revoked {counted(revoked, 'API key')} of tenant {context.tenant}.")


def _switch_off(context: AuditContext) -> None:
    switched_off = 0
    for token in client_tokens.list_by_tenant(context.tenant):
        if token.settings.is_active:
            # Or delete tokens.
            with suppress(NotFound):
                now = replace(context, at=datetime.now(UTC))
                token_writes.update(token, _switched_off, action="update", context=now, expected_revisions=None)
                switched_off += 1
                if switched_off % _PROGRESS_EVERY == 0:
                    say(f"{switched_off} client tokens are off, more follow.")
    say(f"Switched off {counted(switched_off, 'client token')} of tenant {context.tenant}. Their sessions have ended.")


def _switched_off(token: ClientToken) -> PendingWrite[None]:
    return PendingWrite(client_token.update(token, {"is_active": False}, at=datetime.now(UTC)), None)


VERBS = {"list": _list, "revoke": _revoke}
