"""Targets: registered, listed, removed."""

from __future__ import annotations

import argparse
import json
from fnmatch import fnmatchcase
from typing import Any

from infra.operator import settings, trail
from infra.operator.confirmation import confirmed
from infra.operator.printing import NEW_TENANT, say, show
from infra.operator.stack import Deployment
from shared.errors import Invalid
from shared.rules import instant
from shared.rules.target import Target
from shared.store import targets, tenants

# What needs no AWS but the one in memory.
_ANSWER_LOCALLY = {"echo"}


def _register(arguments: argparse.Namespace) -> None:
    if arguments.local and arguments.kind not in _ANSWER_LOCALLY:
        raise Invalid(
            f"A target of kind {arguments.kind} cannot answer in the local stack, whose AWS is in memory. "
            "Register an echo target there, or deploy a stack for this one."
        )
    by = trail.circumstances(arguments)
    target = Target(
        id=arguments.id,
        tenant=arguments.tenant,
        kind=arguments.kind,
        settings=settings.read(arguments.kind, arguments.settings),
        created_at=by.at,
    )
    trace = trail.record(by, "register_target", target.id, kind=(None, target.kind), settings=None)
    is_new = tenants.first_seen(target.tenant) is None
    targets.register(target, trace, *([tenants.adding(target.tenant, at=by.at)] if is_new else ()))
    say(f"Registered {arguments.id} ({arguments.kind}) as a target of tenant {arguments.tenant}.")
    if is_new:
        say(NEW_TENANT.format(target.tenant))
    if doubt := _doubt(target, arguments.deployment):
        say(f"warning: {doubt}")


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
    target = targets.of_id(arguments.tenant, arguments.id)
    what = (
        f"Target {target.id} ({target.kind}) of tenant {target.tenant}: sessions of tokens that name it get no answer."
    )
    if not confirmed(arguments, what, f"Its settings: {json.dumps(target.settings)}"):
        return
    trace = trail.record(trail.circumstances(arguments), "remove_target", target.id, kind=(target.kind, None))
    targets.remove(target.tenant, target.id, trace)
    say(f"Removed target {arguments.id} of tenant {arguments.tenant}.")


def _facts(target: Target) -> dict[str, Any]:
    return {
        "id": target.id,
        "kind": target.kind,
        "settings": target.settings,
        "createdAt": instant.to_text(target.created_at),
    }


VERBS = {"register": _register, "list": _list, "remove": _remove}
