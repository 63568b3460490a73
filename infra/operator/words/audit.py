"""The words about the audit trail, which is a noun and its own verb."""

from __future__ import annotations

from typing import Any

from infra.operator import levels, values


def add(nouns: Any) -> None:
    audit = levels.add_verb(
        nouns,
        "audit",
        "who did what for a tenant, and when",
        """\
Shows who created, updated, regenerated, deleted, or revealed a tenant's client
tokens, and what operators did with its API keys, targets, and conversations,
oldest first: who (an API key's id, a Clerk user's, an operator's ARN), from
which address, and what changed. Records are kept for the stack's
AuditRetentionDays.""",
        """\
  %(prog)s --stack client-tokens --tenant acme
  %(prog)s --stack client-tokens --tenant acme \\
    --token ct_01kav7t0d3p9s8x2m4n6q8r0vw --since 2027-01-31
  %(prog)s --stack client-tokens --tenant acme \\
    --since 2027-01-31T08:00:00Z --until 2027-02-01 --json""",
    )
    audit.set_defaults(verb=None)
    audit.add_argument(
        "--token", type=values.token_id, metavar="TOKEN_ID", help="of this client token only, which may be deleted"
    )
    audit.add_argument(
        "--since", type=values.moment, metavar="TIME", help="from then on: a day, or a time with its offset"
    )
    audit.add_argument(
        "--until", type=values.moment, metavar="TIME", help="before then: a day, or a time with its offset"
    )
    levels.add_json(audit, "print a JSON list")
