"""Feedback of visitors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer

from infra.cli import audit_records, parsers
from infra.cli.command import examples, group, on_deployment
from infra.cli.deployment import Deployment
from infra.cli.options import Json, Tenant
from infra.cli.output import show, with_progress
from shared.rules import timestamps
from shared.rules.feedback import FeedbackFilter, FeedbackRecord
from shared.store import audit
from shared.store import feedback as feedback_store
from shared.wire import feedback_records as wire

_PAGE = 200
_EXAMPLES = examples(
    "client-tokens feedback list --tenant acme",
    "client-tokens feedback list --tenant acme \\\n--conversation conv_01kav7t0d3p9s8x2m4n6q8r0vw --json",
)

app = group("feedback", "List visitors' feedback.", _EXAMPLES)


@app.callback()
def _group() -> None:
    """Keep `list` a command of its own, although it is the only one."""


@app.command("list", epilog=_EXAMPLES)
@on_deployment
def list_feedback(
    deployment: Deployment,
    *,
    tenant: Tenant,
    conversation: Annotated[
        str | None,
        typer.Option(
            parser=parsers.conversation_id, metavar="CONVERSATION_ID", help="Only feedback on this conversation."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the feedback on a tenant's conversations, the newest first.

    It leaves an audit record with your ARN.
    """
    found = list(with_progress(_every(tenant, FeedbackFilter(conversation_id=conversation)), "Reading feedback"))
    audit.record("list_feedback", conversation or tenant, context=audit_records.context(deployment, tenant))
    show(
        found,
        lambda one: dict(wire.item(one)),
        {
            "ID": lambda one: one.id,
            "AT": lambda one: timestamps.to_text(one.at),
            "TYPE": lambda one: one.given.type,
            "RATING": lambda one: "-" if one.given.rating is None else str(one.given.rating),
            "CONVERSATION": lambda one: one.conversation_id,
            "MESSAGE": lambda one: one.given.message_id or "-",
            "COMMENT": lambda one: one.given.comment or "-",
        },
        as_json=as_json,
        if_none=f"Tenant {tenant} has no feedback.",
    )


def _every(tenant: str, only: FeedbackFilter) -> Iterator[FeedbackRecord]:
    """Read during iteration."""
    after = None
    while True:
        found, after = feedback_store.page(tenant, 0, _PAGE, only=only, after=after, at=datetime.now(UTC))
        yield from found
        if after is None:
            return
