"""Shows who did what to a tenant's client tokens, API keys, targets, and conversations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic.alias_generators import to_camel

from infra.cli import parsers
from infra.cli.command import examples, on_deployment
from infra.cli.options import Json, Tenant
from infra.cli.output import show, with_progress
from shared.rules import audit as rules
from shared.rules import timestamps
from shared.store import audit as audit_store
from shared.wire import audit as wire

EPILOG = examples(
    "client-tokens audit --tenant acme",
    "client-tokens audit --tenant acme \\\n--token ct_01kav7t0d3p9s8x2m4n6q8r0vw --since 2027-01-31",
    "client-tokens audit --tenant acme \\\n--since 2027-01-31T08:00:00Z --until 2027-02-01 --json",
)
# How changes of long lists are shown.
_SIGNS = (("+", "added"), ("-", "removed"))


@on_deployment
def audit(
    *,
    tenant: Tenant,
    token: Annotated[
        str | None,
        typer.Option(
            parser=parsers.token_id,
            metavar="TOKEN_ID",
            help="Only records of this client token, even if it is deleted.",
        ),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(parser=parsers.moment, metavar="TIME", help="From this time on: a day, or a time with an offset."),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(parser=parsers.moment, metavar="TIME", help="Before this time: a day, or a time with an offset."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show who did what for a tenant, and when.

    The audit trail records, the oldest first, who created, updated, regenerated, deleted, or revealed client tokens,
    and what operators did with API keys, targets, and conversations: who (the id of an API key, a Clerk user's id, or
    an operator's ARN), from which address, and what changed. Records are kept for the stack's AuditRetentionDays.
    """
    rules.require_span(since, until)
    records = audit_store.query(tenant, token, since=since, until=until, at=datetime.now(UTC))
    show(
        list(with_progress(records, "Reading audit records")),
        lambda record: {**wire.item(record)},
        {
            "AT": lambda record: timestamps.to_text(record.context.at),
            "ACTION": lambda record: record.action,
            "SUBJECT": lambda record: record.subject,
            "WHO": lambda record: record.context.actor,
            "ADDRESS": lambda record: record.context.address,
            "CHANGES": lambda record: "; ".join(_change(name, states) for name, states in record.changes.items()),
        },
        as_json=as_json,
        if_none=f"Tenant {tenant} has no such audit records.",
    )


def _change(name: str, change: Sequence[Any] | Mapping[str, Any] | None) -> str:
    # JSON keeps a name with line breaks on one line.
    match change:
        case None:
            return to_camel(name)
        case Mapping():
            parts = [f"{sign}{json.dumps(one)}" for sign, kind in _SIGNS for one in change.get(kind, ())]
            parts += [f"{sign}{change[f'more_{kind}']} more" for sign, kind in _SIGNS if f"more_{kind}" in change]
            return f"{to_camel(name)}: {', '.join(parts) or 'reordered'}"
    return f"{to_camel(name)}: {' -> '.join(map(json.dumps, change))}"
