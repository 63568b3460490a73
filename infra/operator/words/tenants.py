"""The words about all that is a tenant's."""

from __future__ import annotations

from typing import Any

from infra.operator import levels


def add(nouns: Any) -> None:
    verbs = levels.add_noun(
        nouns,
        "tenants",
        "which tenants there are, and everything of one at once",
        """\
  %(prog)s list --stack client-tokens
  %(prog)s revoke --stack client-tokens --tenant acme""",
    )
    listing = levels.add_verb(
        verbs,
        "list",
        "show the tenants that have had a token, a key, or a target",
        """\
Shows the tenants that have had a client token, an API key, or a target, by
name, each with the time of its first one.""",
        "  %(prog)s --stack client-tokens",
        of_tenant=False,
    )
    levels.add_json(listing, "print a JSON list")

    revoke = levels.add_verb(
        verbs,
        "revoke",
        "revoke every API key, switch off every client token",
        """\
Revokes every API key of a tenant, for good, and switches off every client
token, which ends its sessions; a token may be switched on again. It may be
interrupted and run again. Shows what will go, and asks first. People who sign
in with Clerk are Clerk's to lock out.""",
        """\
  %(prog)s --stack client-tokens --tenant acme \\
    --dry-run
  %(prog)s --stack client-tokens --tenant acme \\
    --yes""",
    )
    levels.add_confirmation(revoke)
