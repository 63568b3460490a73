"""Targets: registered, listed, removed."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from typing import Any

from infra.operator import settings
from infra.operator.printing import say, show
from shared.rules import instant
from shared.rules.target import Target
from shared.store import targets


def _register(arguments: argparse.Namespace) -> None:
    targets.register(
        Target(
            id=arguments.id,
            tenant=arguments.tenant,
            kind=arguments.kind,
            settings=settings.read(arguments.kind, arguments.settings),
            created_at=datetime.now(UTC),
        )
    )
    say(f"Registered {arguments.id} ({arguments.kind}) as a target of tenant {arguments.tenant}.")


def _list(arguments: argparse.Namespace) -> None:
    show(
        targets.of_tenant(arguments.tenant),
        _facts,
        {
            "ID": lambda target: target.id,
            "KIND": lambda target: target.kind,
            "CREATED": lambda target: instant.to_text(target.created_at),
            # JSON keeps a prompt of many lines on one.
            "SETTINGS": lambda target: json.dumps(target.settings),
        },
        as_json=arguments.json,
        if_none=f"Tenant {arguments.tenant} has no registered targets.",
    )


def _remove(arguments: argparse.Namespace) -> None:
    targets.remove(arguments.tenant, arguments.id)
    say(f"Removed target {arguments.id} of tenant {arguments.tenant}.")


def _facts(target: Target) -> dict[str, Any]:
    return {
        "id": target.id,
        "kind": target.kind,
        "settings": target.settings,
        "createdAt": instant.to_text(target.created_at),
    }


VERBS = {"register": _register, "list": _list, "remove": _remove}
