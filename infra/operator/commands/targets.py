"""Targets: registered, listed, removed."""

from __future__ import annotations

import argparse
import json
from contextlib import suppress
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from infra.operator import settings, trail
from infra.operator.confirmation import confirmed
from infra.operator.printing import NEW_TENANT, say, show
from infra.operator.stack import Deployment
from shared.errors import InvalidRequest, NotFound
from shared.rules import audit, timestamps
from shared.rules.target import Target
from shared.store import targets, tenants

# What needs no AWS but the one in memory.
_ANSWER_LOCALLY = {"echo"}


def _register(arguments: argparse.Namespace) -> None:
    if arguments.local and arguments.kind not in _ANSWER_LOCALLY:
        raise InvalidRequest(
            f"A target of kind {arguments.kind} cannot answer in the local stack, whose AWS is in memory. "
            "Register an echo target there, or deploy a stack for this one."
        )
    target = Target(
        id=arguments.id,
        tenant=arguments.tenant,
        kind=arguments.kind,
        settings=settings.read(arguments.kind, arguments.settings),
        created_at=datetime.now(UTC),
    )
    before = _registered(target)
    changes = audit.target_changes(before, target)
    if doubt := _doubt(target, arguments.deployment):
        say(f"warning: {doubt}")
    if not changes:
        say(f"Target {target.id} of tenant {target.tenant} is registered like this already: nothing has changed.")
        return
    if (before or arguments.dry_run) and not confirmed(arguments, *_differences(before, target)):
        return
    trace = trail.record(trail.circumstances(arguments), "register_target", target.id, changes)
    is_new = tenants.first_seen(target.tenant) is None
    targets.register(target, trace, replaces=before)
    say(f"Registered {target.id} ({target.kind}) as a target of tenant {target.tenant}.")
    if is_new:
        say(NEW_TENANT.format(target.tenant))


def _registered(target: Target) -> Target | None:
    with suppress(NotFound):
        return targets.get(target.tenant, target.id)
    return None


def _differences(before: Target | None, after: Target) -> list[str]:
    """What registering a target would change, as an operator reads it before agreeing."""
    if before is None:
        return [
            f"Target {after.id} ({after.kind}) of tenant {after.tenant} is new. Its settings: {_text(after.settings)}"
        ]
    old, new = ({"kind": one.kind} | dict(one.settings) for one in (before, after))
    return [
        f"Target {after.id} of tenant {after.tenant} is registered already. This replaces it:",
        *(
            f"  {name}: {_text(old[name]) if name in old else 'not set'} -> "
            f"{_text(new[name]) if name in new else 'not set'}"
            for name in old | new
            if old.get(name) != new.get(name)
        ),
    ]


def _text(value: Any) -> str:
    """JSON keeps a prompt of many lines on one."""
    return json.dumps(value)


def _doubt(target: Target, deployment: Deployment) -> str | None:
    """Why the API may not ask what it is to ask: its role allows what the stack's parameters name."""
    match target.kind:
        case "aws_lambda":
            parameter, asked = "TargetFunctionPrefix", target.settings["function_arn"]
            where = f"{deployment.region}:{deployment.account}"
            prefix = deployment.parameters[parameter]
            allowed = [f"arn:aws*:lambda:{where}:function:{prefix}*"] if prefix else []
        case "bedrock":
            parameter, asked = "BedrockModelArns", target.settings["model_id"]
            allowed = list(filter(None, deployment.parameters[parameter].split(",")))
        case _:
            return None
    # A model may be named by the last part of its ARN.
    if any(fnmatchcase(asked, pattern) for one in allowed for pattern in (one, one.rpartition("/")[2])):
        return None
    return (
        f"The API may not ask {asked}: the stack's parameter {parameter} allows {', '.join(allowed) or 'nothing'}. "
        "Until one of the two is changed, visitors get no answer."
    )


def _list(arguments: argparse.Namespace) -> None:
    show(
        targets.list_by_tenant(arguments.tenant),
        _facts,
        {
            "ID": lambda target: target.id,
            "KIND": lambda target: target.kind,
            "CREATED": lambda target: timestamps.to_text(target.created_at),
            "SETTINGS": lambda target: _text(target.settings),
        },
        as_json=arguments.json,
        if_none=f"Tenant {arguments.tenant} has no registered targets.",
    )


def _remove(arguments: argparse.Namespace) -> None:
    target = targets.get(arguments.tenant, arguments.id)
    what = (
        f"Target {target.id} ({target.kind}) of tenant {target.tenant}: sessions of tokens that name it get no answer."
    )
    if not confirmed(arguments, what, f"Its settings: {_text(target.settings)}"):
        return
    changes = audit.target_changes(target, None)
    targets.remove(target, trail.record(trail.circumstances(arguments), "remove_target", target.id, changes))
    say(f"Removed target {arguments.id} of tenant {arguments.tenant}.")


def _facts(target: Target) -> dict[str, Any]:
    return {
        "id": target.id,
        "kind": target.kind,
        "settings": target.settings,
        "createdAt": timestamps.to_text(target.created_at),
    }


VERBS = {"register": _register, "list": _list, "remove": _remove}
