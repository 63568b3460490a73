"""Client tokens as stored in the table."""

from __future__ import annotations

from typing import Any

from infra.cli.command import examples, group, on_deployment
from infra.cli.options import Json, Tenant
from infra.cli.output import show, with_progress
from shared.rules import timestamps
from shared.rules.client_token import ClientToken
from shared.store import client_tokens

app = group(
    "tokens",
    "List client tokens. The API itself creates, changes, and deletes them.",
    examples("client-tokens tokens list --tenant acme"),
)


@app.command(
    "list",
    epilog=examples(
        "client-tokens tokens list --tenant acme",
        "client-tokens tokens list --tenant acme --json \\\n"
        "| jq -r '.[] | select(.signingKeyArn == \"arn:...\") | .id'",
    ),
)
@on_deployment
def list_tokens(*, tenant: Tenant, as_json: Json = False) -> None:
    """List a tenant's client tokens, the oldest first.

    Each is shown with the KMS key that signed its value. After you rotate the signing key,
    regenerate the tokens that the old key signed.
    """
    show(
        list(with_progress(client_tokens.list_by_tenant(tenant), "Reading client tokens")),
        _facts,
        {
            "ID": lambda token: token.id,
            "NAME": lambda token: token.settings.name,
            "ENVIRONMENT": lambda token: token.environment,
            "ACTIVE": lambda token: "yes" if token.settings.is_active else "no",
            "CREATED": lambda token: timestamps.to_text(token.created_at),
            "SIGNED BY": lambda token: token.issued_value.key_arn.rpartition("/")[2],
        },
        as_json=as_json,
        if_none=f"Tenant {tenant} has no client tokens.",
    )


def _facts(token: ClientToken) -> dict[str, Any]:
    """With the API's field names, and the signing key, which the API does not show."""
    return {
        "id": token.id,
        "name": token.settings.name,
        "environment": token.environment,
        "isActive": token.settings.is_active,
        "createdAt": timestamps.to_text(token.created_at),
        "signingKeyArn": token.issued_value.key_arn,
    }
