"""The words about client tokens."""

from __future__ import annotations

from typing import Any

from infra.operator import levels


def add(nouns: Any) -> None:
    verbs = levels.add_noun(
        nouns,
        "tokens",
        "client tokens, as the table has them",
        "  %(prog)s list --stack client-tokens --tenant acme",
    )
    listing = levels.add_verb(
        verbs,
        "list",
        "show a tenant's client tokens and who signed them",
        """\
Shows a tenant's client tokens, oldest first, each with the KMS key that signed
its value. After a rotation, those of the old key are yet to be regenerated.""",
        """\
  %(prog)s --stack client-tokens --tenant acme
  %(prog)s --stack client-tokens --tenant acme \\
    --json | jq -r '.[] | select(.signingKeyArn == "arn:...") | .id'""",
    )
    levels.add_json(listing, "print a JSON list")
