"""Conversations of visitors."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.cli import audit_records, parsers
from infra.cli.command import examples, group, on_deployment
from infra.cli.confirmation import confirmed
from infra.cli.deployment import Deployment
from infra.cli.options import DryRun, Tenant, Yes
from infra.cli.output import counted, say
from shared.store import conversation_deletion

_EXAMPLES = examples("client-tokens conversations delete --tenant acme \\\nconv_01kav7t0d3p9s8x2m4n6q8r0vw")

app = group("conversations", "Delete visitors' conversations.", _EXAMPLES)


@app.command(epilog=_EXAMPLES)
@on_deployment
def delete(
    deployment: Deployment,
    *,
    tenant: Tenant,
    conversation_id: Annotated[
        str,
        typer.Argument(
            parser=parsers.conversation_id,
            metavar="CONVERSATION_ID",
            help="The conversation's id, as the API lists a token's conversations.",
        ),
    ],
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Delete a conversation, for good.

    Its messages and the feedback on them are deleted with it. A visitor who is still in it has to start a new one.
    Backups of the table keep the conversation until they expire. The command shows what will be deleted and asks
    first.
    """
    items = counted(conversation_deletion.count_items(tenant, conversation_id), "item")
    what = f"Conversation {conversation_id} of tenant {tenant} will be deleted for good: {items} of the table."
    if not confirmed(what, yes=yes, dry_run=dry_run):
        return
    context = audit_records.context(deployment, tenant)
    record = audit_records.record(context, "delete_conversation", conversation_id)
    items = counted(conversation_deletion.delete(tenant, conversation_id, record, at=context.at), "item")
    say(f"Deleted conversation {conversation_id} of tenant {tenant}: {items} of the table.")
