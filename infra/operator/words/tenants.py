"""The words about all that is a tenant's."""

from __future__ import annotations

from typing import Any

from infra.operator import levels


def add(nouns: Any) -> None:
    verbs = levels.add_noun(
        nouns,
        "tenants",
        "everything of a tenant at once",
        "  %(prog)s revoke --stack client-tokens --tenant acme",
    )
    levels.add_verb(
        verbs,
        "revoke",
        "revoke every API key, switch off every client token",
        """\
Revokes every API key of a tenant, for good, and switches off every client
token, which ends its sessions; a token may be switched on again. It may be
interrupted and run again. People who sign in with Clerk are Clerk's to lock
out.""",
        "  %(prog)s --stack client-tokens --tenant acme",
    )
