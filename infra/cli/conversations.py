"""Conversations of visitors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from infra.cli import audit_records, parsers
from infra.cli.command import examples, group, on_deployment
from infra.cli.confirmation import confirmed
from infra.cli.deployment import Deployment
from infra.cli.options import DryRun, Json, Tenant, TokenId, Yes
from infra.cli.output import counted, say, show, to_json, with_progress
from shared.errors import NotFound
from shared.rules import timestamps
from shared.rules.conversation import Conversation, ConversationFilter
from shared.rules.turn import Turn
from shared.store import audit, conversation_deletion, feedback, tenant_conversations, transcripts
from shared.wire import transcripts as wire

_PAGE = 200
_TURNS = 1000
ConversationId = Annotated[
    str,
    typer.Argument(
        parser=parsers.conversation_id,
        metavar="CONVERSATION_ID",
        help="The conversation's id, as `conversations list` shows it.",
    ),
]

app = group(
    "conversations",
    "List, show, export, and delete visitors' conversations.",
    examples(
        "client-tokens conversations list --tenant acme",
        "client-tokens conversations show --tenant acme \\\nconv_01kav7t0d3p9s8x2m4n6q8r0vw",
        "client-tokens conversations export --tenant acme",
        "client-tokens conversations delete --tenant acme \\\nconv_01kav7t0d3p9s8x2m4n6q8r0vw",
    ),
)


@app.command(
    "list",
    epilog=examples(
        "client-tokens conversations list --tenant acme",
        "client-tokens conversations list --tenant acme \\\n--token ct_01kav7t0d3p9s8x2m4n6q8r0vw --json",
    ),
)
@on_deployment
def list_conversations(*, tenant: Tenant, token: TokenId = None, as_json: Json = False) -> None:
    """List a tenant's conversations, without what was said in them.

    Those of 25 client tokens at a time, the newest tokens first; among these, the most recently active conversation
    comes first. Conversations of deleted tokens are not listed.
    """
    found = with_progress(every(tenant, ConversationFilter(token_id=token)), "Reading conversations")
    show(
        list(found),
        lambda one: dict(wire.item(one)),
        {
            "ID": lambda one: one.id,
            "CLIENT TOKEN": lambda one: one.token_id,
            "FLOW": lambda one: one.flow_id,
            "ORIGIN": lambda one: one.origin or "-",
            "MESSAGES": lambda one: str(one.message_count),
            "CREATED": lambda one: timestamps.to_text(one.created_at),
            "UPDATED": lambda one: timestamps.to_text(one.updated_at),
        },
        as_json=as_json,
        if_none=f"Tenant {tenant} has no conversations.",
    )


@app.command(
    "show", epilog=examples("client-tokens conversations show --tenant acme \\\nconv_01kav7t0d3p9s8x2m4n6q8r0vw")
)
@on_deployment
def show_conversation(
    deployment: Deployment, *, tenant: Tenant, conversation_id: ConversationId, as_json: Json = False
) -> None:
    """Show what was said in a conversation, the oldest message first.

    A text that the page displayed instead of a message is on the line after it. With --json, also its feedback. It
    leaves an audit record with your ARN.
    """
    now = datetime.now(UTC)
    found = _get(tenant, conversation_id, now)
    whole_facts = facts(found, whole(found, now), now)
    audit.record("read_conversation", found.id, context=audit_records.context(deployment, tenant))
    if as_json:
        print(json.dumps(whole_facts, indent=2))
        return
    show(
        list(_lines(whole_facts["messages"])),
        lambda _: whole_facts,
        {"AT": lambda line: line[0], "ROLE": lambda line: line[1], "TEXT": lambda line: line[2]},
        as_json=False,
        if_none=f"Conversation {conversation_id} has no messages.",
    )


@app.command(
    epilog=examples(
        "client-tokens conversations export --tenant acme",
        "client-tokens conversations export --tenant acme \\\n--token ct_01kav7t0d3p9s8x2m4n6q8r0vw",
    )
)
@on_deployment
def export(deployment: Deployment, *, tenant: Tenant, token: TokenId = None) -> None:
    """Print a tenant's conversations as JSON, one per line.

    Each has its messages and its feedback. The command leaves an audit record with your ARN.
    """
    now = datetime.now(UTC)
    audit.record("export_conversations", token or tenant, context=audit_records.context(deployment, tenant))
    count = 0
    for one in with_progress(every(tenant, ConversationFilter(token_id=token)), "Exporting conversations"):
        print(to_json(facts(one, whole(one, now), now)))
        count += 1
    say(f"Exported {counted(count, 'conversation')} of tenant {tenant}.")


@app.command(epilog=examples("client-tokens conversations delete --tenant acme \\\nconv_01kav7t0d3p9s8x2m4n6q8r0vw"))
@on_deployment
def delete(
    deployment: Deployment,
    *,
    tenant: Tenant,
    conversation_id: ConversationId,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Delete a conversation, for good.

    Its messages and the feedback on them are deleted with it. A visitor who is still in it has to start a new one.
    Backups of the table keep the conversation until they expire. The command shows what will be deleted and asks
    first.
    """
    try:
        items = counted(conversation_deletion.count_items(tenant, conversation_id), "item")
    except NotFound:
        raise NotFound(f"Tenant {tenant} has no conversation {conversation_id}.") from None
    what = f"Conversation {conversation_id} of tenant {tenant} will be deleted for good: {items} of the table."
    if not confirmed(what, yes=yes, dry_run=dry_run):
        return
    context = audit_records.context(deployment, tenant)
    record = audit_records.record(context, "delete_conversation", conversation_id)
    deleted = conversation_deletion.delete(tenant, conversation_id, record, at=context.at, in_one_request=False)
    items = counted(deleted, "item")
    say(f"Deleted conversation {conversation_id} of tenant {tenant}: {items} of the table.")


def every(tenant: str, only: ConversationFilter) -> Iterator[Conversation]:
    """A tenant's conversations that match, read during iteration. Raises NotFound for an unknown token."""
    after = None
    while True:
        found, after = tenant_conversations.page(tenant, only, _PAGE, after=after, at=datetime.now(UTC))
        yield from found
        if after is None:
            return


def whole(conversation: Conversation, now: datetime) -> list[Turn]:
    """Every turn, the oldest first."""
    pages, before = [], None
    while True:
        turns, before = transcripts.page(conversation.id, _TURNS, before=before, at=now)
        pages.append(turns)
        if before is None:
            break
    return [turn for page in reversed(pages) for turn in page]


def facts(conversation: Conversation, turns: list[Turn], now: datetime) -> dict[str, Any]:
    """With the API's field names."""
    found = wire.found(conversation, turns, None, feedback.of_conversation(conversation.id, at=now))
    return {name: value for name, value in found.items() if name != "nextMessageCursor"}


def _lines(messages: list[wire.TranscriptMessage]) -> Iterator[tuple[str, str, str]]:
    """Time, role, and text."""
    for one in messages:
        yield one["createdAt"], one["role"], one["content"]
        if "displayContent" in one:
            yield one["createdAt"], "displayed", one["displayContent"]


def _get(tenant: str, conversation_id: str, now: datetime) -> Conversation:
    try:
        return transcripts.get(tenant, conversation_id, at=now)
    except NotFound:
        raise NotFound(f"Tenant {tenant} has no conversation {conversation_id}.") from None
