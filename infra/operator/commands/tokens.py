"""Client tokens, as the table has them."""

from __future__ import annotations

import argparse
from typing import Any

from infra.operator.printing import show
from shared.rules import timestamps
from shared.rules.client_token import ClientToken
from shared.store import client_tokens


def _list(arguments: argparse.Namespace) -> None:
    show(
        list(client_tokens.list_by_tenant(arguments.tenant)),
        _facts,
        {
            "ID": lambda token: token.id,
            "NAME": lambda token: token.settings.name,
            "ENVIRONMENT": lambda token: token.environment,
            "ACTIVE": lambda token: "yes" if token.settings.is_active else "no",
            "CREATED": lambda token: timestamps.to_text(token.created_at),
            "SIGNED BY": lambda token: token.issued_value.key_arn.rpartition("/")[2],
        },
        as_json=arguments.json,
        if_none=f"Tenant {arguments.tenant} has no client tokens.",
    )


def _facts(token: ClientToken) -> dict[str, Any]:
    """In the spelling of the API, and the key, which the API does not tell."""
    return {
        "id": token.id,
        "name": token.settings.name,
        "environment": token.environment,
        "isActive": token.settings.is_active,
        "createdAt": timestamps.to_text(token.created_at),
        "signingKeyArn": token.issued_value.key_arn,
    }


VERBS = {"list": _list}
