"""Client tokens as stored in the table."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from infra.cli import token_explanation, token_usage
from infra.cli.command import examples, group, on_deployment
from infra.cli.options import Json, Tenant
from infra.cli.output import show, with_progress
from shared.rules import daily_budget, timestamps
from shared.rules.client_token import ClientToken
from shared.store import client_tokens, daily_budgets

app = group(
    "tokens",
    "List client tokens, and show how they are used. The API itself creates, changes, and deletes them.",
    examples(
        "client-tokens tokens list --tenant acme",
        "client-tokens tokens top",
        "client-tokens tokens usage --tenant acme ct_01kav7t0d3p9s8x2m4n6q8r0vw",
        "client-tokens tokens refusals --tenant acme \\\nct_01kav7t0d3p9s8x2m4n6q8r0vw",
    ),
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

    Each is shown with the KMS key that signed its value, and with the dollars that are spent or
    reserved today of its daily budget. After you rotate the signing key, regenerate the tokens that
    the old key signed.
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
            "SPENT TODAY": _spending,
            "SIGNED BY": lambda token: token.issued_value.key_arn.rpartition("/")[2],
        },
        as_json=as_json,
        if_none=f"Tenant {tenant} has no client tokens.",
    )


app.command(epilog=token_usage.USAGE)(token_usage.usage)
app.command(epilog=token_usage.REFUSALS)(token_usage.refusals)
app.command(epilog=token_usage.TOP)(token_usage.top)
app.command(epilog=token_explanation.EXPLAIN)(token_explanation.explain)


def _spending(token: ClientToken) -> str:
    budget = token.settings.daily_budget
    return "-" if budget is None else f"{_spent_today(token)} of {budget}"


def _spent_today(token: ClientToken) -> float | None:
    """In dollars. None without a daily budget."""
    if token.settings.daily_budget is None:
        return None
    return daily_budget.to_dollars(daily_budgets.find(token.id, datetime.now(UTC)))


def _facts(token: ClientToken) -> dict[str, Any]:
    """With the API's field names, and the signing key, which the API does not show."""
    return {
        "id": token.id,
        "name": token.settings.name,
        "environment": token.environment,
        "isActive": token.settings.is_active,
        "dailyBudget": token.settings.daily_budget,
        "spentToday": _spent_today(token),
        "createdAt": timestamps.to_text(token.created_at),
        "signingKeyArn": token.issued_value.key_arn,
    }
