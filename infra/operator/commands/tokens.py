"""Client tokens, as the table has them."""

from __future__ import annotations

import argparse
from typing import Any

from infra.operator.printing import show
from shared.rules import instant
from shared.rules.client_token import ClientToken
from shared.store import client_tokens


def _list(arguments: argparse.Namespace) -> None:
    show(
        list(client_tokens.of_tenant(arguments.tenant)),
        _facts,
        {
            "ID": lambda token: token.id,
            "NAME": lambda token: token.terms.name,
            "ENVIRONMENT": lambda token: token.environment,
            "ACTIVE": lambda token: "yes" if token.terms.is_active else "no",
            "CREATED": lambda token: instant.to_text(token.created_at),
            "SIGNED BY": lambda token: token.seal.key_arn.rpartition("/")[2],
        },
        as_json=arguments.json,
        if_none=f"Tenant {arguments.tenant} has no client tokens.",
    )


def _facts(token: ClientToken) -> dict[str, Any]:
    """In the spelling of the API, and the key, which the API does not tell."""
    return {
        "id": token.id,
        "name": token.terms.name,
        "environment": token.environment,
        "isActive": token.terms.is_active,
        "createdAt": instant.to_text(token.created_at),
        "signingKeyArn": token.seal.key_arn,
    }


VERBS = {"list": _list}
