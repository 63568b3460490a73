"""All tenants, and revoking one tenant's access."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from infra.cli import audit_records
from infra.cli import keys as key_commands
from infra.cli.command import examples, group, on_deployment
from infra.cli.confirmation import confirmed
from infra.cli.deployment import Deployment
from infra.cli.options import DryRun, Json, Tenant, Yes
from infra.cli.output import counted, say, show, with_progress
from shared.errors import NotFound
from shared.rules import client_token, timestamps
from shared.rules.api_key import ApiKey
from shared.rules.audit import AuditContext
from shared.rules.client_token import ClientToken
from shared.store import api_keys, client_tokens, tenants, token_writes
from shared.store.token_writes import PendingWrite

app = group(
    "tenants",
    "List tenants, and revoke everything that belongs to one.",
    examples("client-tokens tenants list", "client-tokens tenants revoke --tenant acme"),
)


@app.command("list", epilog=examples("client-tokens tenants list", "client-tokens tenants list --json"))
@on_deployment
def list_tenants(*, as_json: Json = False) -> None:
    """List all tenants, by name.

    A tenant is listed once it has had a client token, an API key, or a target, with the time at which it got the first
    of these.
    """
    show(
        tenants.list_all(),
        lambda one: {"tenant": one[0], "createdAt": timestamps.to_text(one[1])},
        {"TENANT": lambda one: one[0], "CREATED": lambda one: timestamps.to_text(one[1])},
        as_json=as_json,
        if_none="No tenant has had a client token, an API key, or a target.",
    )


@app.command(
    epilog=examples(
        "client-tokens tenants revoke --tenant acme --dry-run",
        "client-tokens tenants revoke --tenant acme --yes",
    )
)
@on_deployment
def revoke(deployment: Deployment, *, tenant: Tenant, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Revoke a tenant's API keys, and switch off its client tokens.

    All keys are revoked for good. A token that is off has no sessions, and can be switched on again. The command shows
    what will be revoked and asks first. You can interrupt it and run it again. Lock out
    people who sign in with Clerk in Clerk itself.
    """
    now = datetime.now(UTC)
    all_keys = api_keys.list_by_tenant(tenant, at=now)
    keys = [key for key in all_keys if not key.ended_at(now)]
    tokens = with_progress(client_tokens.list_by_tenant(tenant), "Reading client tokens")
    are_active = [token.settings.is_active for token in tokens]
    if not (all_keys or are_active):
        raise NotFound(f"Tenant {tenant} has no API keys and no client tokens: is the name right?")
    if not (keys or any(are_active)):
        say(f"Nothing of tenant {tenant} is left to revoke: no API key of it works, and its client tokens are off.")
        return
    named = [f'  {key.id} "{key.name}", which ends in {key.hint}' for key in keys]
    what = f"{counted(len(keys), 'API key')} to revoke, {counted(sum(are_active), 'client token')} to switch off"
    if not confirmed(f"Tenant {tenant}: {what} (of {len(are_active)}).", *named, yes=yes, dry_run=dry_run):
        return
    context = audit_records.context(deployment, tenant)
    # Keys first: with a working key, another token could be created meanwhile.
    _revoke_keys(keys, context)
    _switch_off(context, len(are_active))
    say("The API may accept a key for the stack's AuthorizerCacheSeconds, and with it somebody may create a token or")
    say("switch one on. Run this command again after that time: it should find nothing.")


def _revoke_keys(keys: list[ApiKey], context: AuditContext) -> None:
    revoked = 0
    for key in with_progress(keys, "Revoking API keys", len(keys)):
        # Another operator may have revoked it just now.
        with suppress(NotFound):
            key_commands.revoke(key, context)
            revoked += 1
    if keys:
        say(f"Revoked {counted(revoked, 'API key')} of tenant {context.tenant}.")


def _switch_off(context: AuditContext, total: int) -> None:
    switched_off = 0
    for token in with_progress(client_tokens.list_by_tenant(context.tenant), "Switching off client tokens", total):
        if token.settings.is_active:
            # Or delete tokens.
            with suppress(NotFound):
                now = replace(context, at=datetime.now(UTC))
                token_writes.update(token, _switched_off, action="update", context=now, expected_revisions=None)
                switched_off += 1
    say(f"Switched off {counted(switched_off, 'client token')} of tenant {context.tenant}. Their sessions have ended.")


def _switched_off(token: ClientToken) -> PendingWrite[None]:
    return PendingWrite(client_token.update(token, {"is_active": False}, at=datetime.now(UTC)), None)
