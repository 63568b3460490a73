"""API keys for programs that call the management API."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from secrets import token_bytes
from typing import Annotated, Any

import typer

from infra.cli import audit_records, parsers
from infra.cli.command import examples, group, on_deployment
from infra.cli.confirmation import confirmed
from infra.cli.deployment import Deployment
from infra.cli.options import DryRun, Json, Tenant, Yes
from infra.cli.output import NEW_TENANT, say, show
from shared.errors import NotFound
from shared.rules import api_key, timestamps
from shared.rules.api_key import ApiKey
from shared.rules.audit import AuditContext
from shared.rules.principal import SCOPES
from shared.store import api_keys, audit, tenants

# A program that can read a value again can use it anywhere, and one that reads conversations sees what visitors wrote.
# Few programs need to.
_DEFAULT_SCOPES = "tokens:read,tokens:write"

app = group(
    "keys",
    "Create, list, and revoke API keys. Programs call the management API with them.",
    examples(
        "client-tokens keys create --tenant acme --name CI",
        "client-tokens keys list --tenant acme",
        "client-tokens keys revoke --tenant acme key_01kav7t0d3p9s8x2m4n6q8r0vw",
    ),
)


@app.command(
    epilog=examples(
        'client-tokens keys create --tenant acme --name "Ada\'s laptop" \\\n--expires-in-days 90',
        "client-tokens keys create --tenant acme --name Dashboard \\\n--scopes tokens:read,tokens:reveal | pbcopy",
        "KEY=$(client-tokens keys create --local --tenant demo --name Trial)",
    )
)
@on_deployment
def create(
    deployment: Deployment,
    *,
    tenant: Tenant,
    name: Annotated[
        str, typer.Option(parser=parsers.name, metavar="NAME", help="What the key is for, in 1 to 255 characters.")
    ],
    scopes: Annotated[
        Any,
        typer.Option(
            parser=parsers.scopes,
            metavar="SCOPE,...",
            help=f"What the key may do, of {', '.join(SCOPES)}. Only a key that shows the values of existing tokens "
            "needs tokens:reveal. Only one that shows what visitors wrote needs conversations:read, and only one that "
            "shows who did what needs audit:read.",
        ),
    ] = _DEFAULT_SCOPES,
    expires_in_days: Annotated[
        int | None,
        typer.Option(
            parser=parsers.days, metavar="DAYS", help=f"1 to {parsers.DAYS_MAX}; by default it never expires."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Create an API key and print its value, once.

    The value, and nothing else, goes to standard output, so that you can pipe it to where you keep it. The key's id,
    scopes, and expiry go to standard error. Only a digest is stored: the value cannot be shown again.
    """
    context = audit_records.context(deployment, tenant)
    now, expires_at = context.at, None
    if expires_in_days:
        # In whole seconds, as in the table.
        expires_at = now.replace(microsecond=0) + timedelta(days=expires_in_days)
    value, key = api_key.mint(tenant, name, scopes, at=now, expires_at=expires_at, random_bytes=token_bytes)
    facts = {"name": (None, key.name), "scopes": (None, key.scopes), "expires_at": (None, _facts(key)["expiresAt"])}
    listed_until = expires_at and expires_at + audit.retention()
    is_new = tenants.first_seen(key.tenant) is None
    api_keys.add(key, audit_records.record(context, "create_key", key.id, facts), listed_until=listed_until)
    # Before the value, so that an operator who loses it knows which key to revoke.
    say(f"Created {_named(key)}.")
    if is_new:
        say(NEW_TENANT.format(key.tenant))
    say(f"Scopes: {', '.join(key.scopes)}. Expires: {_expiry(key, now)}.")
    say("This is its value. It is shown only now, and cannot be found out later:")
    print(json.dumps({"value": value} | _facts(key), indent=2) if as_json else value)
    say(f"Send it to the API at {deployment.url} in the header Authorization: Bearer.")


@app.command(
    "list",
    epilog=examples(
        "client-tokens keys list --tenant acme",
        "client-tokens keys list --tenant acme --json | jq -r '.[].id'",
    ),
)
@on_deployment
def list_keys(*, tenant: Tenant, as_json: Json = False) -> None:
    """List a tenant's API keys, the oldest first.

    Each is shown with the last four characters of its value. Revoked and expired keys stay listed for the stack's
    AuditRetentionDays.
    """
    now = datetime.now(UTC)
    show(
        api_keys.list_by_tenant(tenant, at=now),
        _facts,
        {
            "ID": lambda key: key.id,
            "NAME": lambda key: key.name,
            "SCOPES": lambda key: ",".join(key.scopes),
            "ENDS IN": lambda key: key.hint,
            "CREATED": lambda key: timestamps.to_text(key.created_at),
            "EXPIRES": lambda key: _expiry(key, now),
        },
        as_json=as_json,
        if_none=f"Tenant {tenant} has no API keys.",
    )


@app.command("revoke", epilog=examples("client-tokens keys revoke --tenant acme key_01kav7t0d3p9s8x2m4n6q8r0vw"))
@on_deployment
def revoke_key(
    deployment: Deployment,
    *,
    tenant: Tenant,
    key_id: Annotated[
        str, typer.Argument(parser=parsers.key_id, metavar="KEY_ID", help="The key's id, as `keys list` shows it.")
    ],
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Revoke an API key, for good.

    The API may still accept the key for as long as the authorizer's answer is cached: the stack's
    AuthorizerCacheSeconds. The command shows the key and asks first.
    """
    now = datetime.now(UTC)
    key = api_keys.get(tenant, key_id, at=now)
    if ended_at := key.ended_at(now):
        how = "was revoked" if key.revoked_at else "expired"
        raise NotFound(
            f"API key {key.id} of tenant {tenant} {how} at {timestamps.to_text(ended_at)}: nothing is left to revoke."
        )
    what = f"{_named(key)}, which ends in {key.hint} and has the scopes {', '.join(key.scopes)}, will be revoked."
    if not confirmed(what, yes=yes, dry_run=dry_run):
        return
    revoke(key, audit_records.context(deployment, tenant))
    say(f"Revoked {_named(key)}, which ends in {key.hint}.")
    say("The API may still accept it for the stack's AuthorizerCacheSeconds.")


def revoke(key: ApiKey, context: AuditContext) -> None:
    """Revoke a key with its audit record. Raises NotFound if it was revoked meanwhile."""
    record = audit_records.record(context, "revoke_key", key.id, {"revoked_at": (None, timestamps.to_text(context.at))})
    api_keys.revoke(key, record, at=context.at, listed_until=context.at + audit.retention())


def _named(key: ApiKey) -> str:
    return f'API key {key.id} "{key.name}" of tenant {key.tenant}'


def _facts(key: ApiKey) -> dict[str, Any]:
    """With the field names of the API's responses."""
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
