"""The words about conversations."""

from __future__ import annotations

from typing import Any

from infra.operator import levels, values


def add(nouns: Any) -> None:
    verbs = levels.add_noun(
        nouns,
        "conversations",
        "what visitors said",
        """\
  %(prog)s delete --stack client-tokens \\
    --tenant acme conv_01kav7t0d3p9s8x2m4n6q8r0vw""",
    )
    delete = levels.add_verb(
        verbs,
        "delete",
        "delete a conversation with its messages and feedback",
        """\
Deletes a conversation for good: its record, its messages and the feedback on
them. A visitor who is still in it would go on in an empty one. Backups of the
table hold it until they expire. Shows what will go, and asks first.""",
        """\
  %(prog)s --stack client-tokens \\
    --tenant acme conv_01kav7t0d3p9s8x2m4n6q8r0vw""",
    )
    levels.add_confirmation(delete)
    delete.add_argument(
        "id",
        type=values.conversation_id,
        metavar="CONVERSATION_ID",
        help="its id, as the API lists a token's conversations",
    )
