"""Visitors who come back: all that is stored about one of them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from infra.cli import audit_records, conversations, parsers
from infra.cli.command import examples, group, on_deployment
from infra.cli.confirmation import confirmed
from infra.cli.deployment import Deployment
from infra.cli.options import DryRun, Tenant, Yes
from infra.cli.output import counted, say, to_json, with_progress
from shared.errors import NotFound
from shared.rules import timestamps
from shared.rules.conversation import Conversation, ConversationFilter
from shared.rules.returning_visitor import ReturningVisitor
from shared.rules.turn import Pause, Turn
from shared.store import audit, conversation_deletion, returning_visitors, visitor_conversations
from shared.store.table import Item

VisitorId = Annotated[
    str,
    typer.Argument(
        parser=parsers.visitor_id,
        metavar="VISITOR_ID",
        help="The visitor's id, the ownerId of conversations in `conversations list --json`.",
    ),
]

app = group(
    "visitors",
    "Export and erase what is stored about a visitor.",
    examples(
        "client-tokens visitors export --tenant acme \\\ncvis_4nQd0uQ1xkzB6sVbq2YtXe",
        "client-tokens visitors erase --tenant acme \\\ncvis_4nQd0uQ1xkzB6sVbq2YtXe",
    ),
)


@app.command(epilog=examples("client-tokens visitors export --tenant acme \\\ncvis_4nQd0uQ1xkzB6sVbq2YtXe"))
@on_deployment
def export(deployment: Deployment, *, tenant: Tenant, visitor_id: VisitorId) -> None:
    """Print all that is stored about a visitor, as JSON.

    It has every conversation in the visitor's history with its messages, what pages displayed instead of them, and its
    feedback. Of an answer that waits for tools of the page, it has their calls, their outputs, and what the page sent
    with the message. It has neither the visitor's secret nor its digest. The command leaves an audit record with your
    ARN.
    """
    now = datetime.now(UTC)
    visitor, found = _find(tenant, visitor_id, now)
    whole = [_facts(one, now) for one in with_progress(found, "Exporting conversations", len(found))]
    audit.record("export_visitor", visitor_id, context=audit_records.context(deployment, tenant))
    facts = {
        "id": visitor_id,
        "clientTokenId": visitor and visitor.token_id,
        "createdAt": visitor and visitor.created_at.isoformat(),
        "expiresAt": visitor and visitor.expires_at.isoformat(),
        "conversations": whole,
    }
    print(to_json(facts, indent=2))
    say(f"Exported visitor {visitor_id} of tenant {tenant}: {counted(len(found), 'conversation')}.")


@app.command(
    epilog=examples(
        "client-tokens visitors erase --tenant acme \\\ncvis_4nQd0uQ1xkzB6sVbq2YtXe --dry-run",
        "client-tokens visitors erase --tenant acme \\\ncvis_4nQd0uQ1xkzB6sVbq2YtXe",
    )
)
@on_deployment
def erase(
    deployment: Deployment, *, tenant: Tenant, visitor_id: VisitorId, yes: Yes = False, dry_run: DryRun = False
) -> None:
    """Erase a visitor, for good.

    Every conversation in the visitor's history is deleted with its messages and its feedback, and the visitor's secret
    stops working. The command shows how much there is and asks first. If it is interrupted, run it again.
    """
    visitor, found = _find(tenant, visitor_id, datetime.now(UTC))
    what = f"Visitor {visitor_id} of tenant {tenant} will be erased for good: {counted(len(found), 'conversation')}."
    if not confirmed(what, yes=yes, dry_run=dry_run):
        return
    context = audit_records.context(deployment, tenant)
    audit.record("erase_visitor", visitor_id, context=context)
    # Before the conversations, so that nobody adds to the history meanwhile.
    if visitor:
        returning_visitors.forget(visitor, at=context.at)
    # Again: the visitor may have begun another one while you were asked.
    found = list(conversations.every(tenant, ConversationFilter(visitor_id=visitor_id)))
    for one in with_progress(found, "Deleting conversations", len(found)):
        record = audit_records.record(context, "delete_conversation", one.id)
        # Its owner may have deleted it just now.
        with suppress(NotFound):
            conversation_deletion.delete(tenant, one.id, record, at=context.at, in_one_request=False)
    for left in _half_deleted(tenant, visitor_id, context.at):
        conversation_deletion.delete_marked(left, at=context.at, in_one_request=False)
    say(f"Erased visitor {visitor_id} of tenant {tenant}: {counted(len(found), 'conversation')}.")


def _facts(conversation: Conversation, now: datetime) -> dict[str, Any]:
    turns = conversations.whole(conversation, now)
    waiting = [_waiting(turn, turn.pause) for turn in turns if turn.pause]
    return conversations.facts(conversation, turns, now) | {"waiting": waiting}


def _waiting(turn: Turn, pause: Pause) -> dict[str, Any]:
    """With the field names of a chat and of its events."""
    page_input = pause.page_input
    return {
        "messageId": turn.message.id,
        "until": timestamps.to_text(pause.until),
        "steps": [
            {
                "text": step.text,
                "toolCalls": [
                    {"toolCallId": call.id, "toolName": call.name, "parameters": call.parameters} for call in step.calls
                ],
                "toolOutputs": dict(step.outputs),
            }
            for step in page_input.steps
        ],
        "inputs": page_input.inputs,
        "metadata": page_input.metadata,
        "context": page_input.context,
    }


def _half_deleted(tenant: str, visitor_id: str, now: datetime) -> list[Item]:
    """The records of conversations whose deletion by the visitor was interrupted: some of the texts are still there."""
    records = [one for some in visitor_conversations.every_record(visitor_id, None, at=now) for one in some]
    return [one for one in records if one["tenant"] == tenant and "is_gone" in one]


def _find(tenant: str, visitor_id: str, now: datetime) -> tuple[ReturningVisitor | None, list[Conversation]]:
    """The visitor, None once forgotten, and the conversations, which may outlive it. Raises NotFound."""
    visitor = returning_visitors.find(visitor_id, at=now)
    if visitor and visitor.tenant != tenant:
        visitor = None
    found = list(conversations.every(tenant, ConversationFilter(visitor_id=visitor_id)))
    if not (visitor or found or _half_deleted(tenant, visitor_id, now)):
        raise NotFound(f"Tenant {tenant} has no visitor {visitor_id}.")
    return visitor, found
