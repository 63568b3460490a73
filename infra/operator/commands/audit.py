"""Who did what to a tenant's client tokens, API keys, targets, and conversations."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic.alias_generators import to_camel

from infra.operator.printing import show
from shared.rules import timestamps
from shared.rules.audit import AuditRecord
from shared.store import audit

# How a long list's changes are written.
_SIGNS = (("+", "added"), ("-", "removed"))


def _show(arguments: argparse.Namespace) -> None:
    records = audit.query(
        arguments.tenant, arguments.token, since=arguments.since, until=arguments.until, at=datetime.now(UTC)
    )
    show(
        list(records),
        _facts,
        {
            "AT": lambda record: timestamps.to_text(record.context.at),
            "ACTION": lambda record: record.action,
            "SUBJECT": lambda record: record.subject,
            "WHO": lambda record: record.context.actor,
            "ADDRESS": lambda record: record.context.address,
            "CHANGES": lambda record: "; ".join(_change(name, states) for name, states in record.changes.items()),
        },
        as_json=arguments.json,
        if_none=f"Tenant {arguments.tenant} has no such audit records.",
    )


def _change(name: str, change: Sequence[Any] | Mapping[str, Any] | None) -> str:
    # JSON keeps a name of many lines on one.
    match change:
        case None:
            return to_camel(name)
        case Mapping():
            said = [f"{sign}{json.dumps(one)}" for sign, kind in _SIGNS for one in change.get(kind, ())]
            said += [f"{sign}{change[f'more_{kind}']} more" for sign, kind in _SIGNS if f"more_{kind}" in change]
            return f"{to_camel(name)}: {', '.join(said) or 'reordered'}"
    return f"{to_camel(name)}: {' -> '.join(map(json.dumps, change))}"


def _facts(record: AuditRecord) -> dict[str, Any]:
    return {
        "at": timestamps.to_text(record.context.at),
        "action": record.action,
        "subject": record.subject,
        "actor": record.context.actor,
        "address": record.context.address,
        "requestId": record.context.request_id,
        "changes": {
            to_camel(name): {to_camel(kind): one for kind, one in change.items()}
            if isinstance(change, Mapping)
            else change
            for name, change in record.changes.items()
        },
    }


VERBS = {None: _show}
