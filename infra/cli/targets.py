"""Targets: the flows and agents that a tenant's client tokens may name."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from infra.cli import audit_records, parsers, target_permissions, target_settings, target_trial
from infra.cli.command import examples, group, on_deployment
from infra.cli.confirmation import confirmed
from infra.cli.deployment import Deployment
from infra.cli.options import DryRun, Json, TargetId, Tenant, Yes
from infra.cli.output import NEW_TENANT, say, show
from shared.errors import InvalidRequest, NotFound
from shared.rules import audit, target_permission, timestamps
from shared.rules.target import KINDS, Target
from shared.rules.target_permission import Permitted
from shared.store import targets, tenants
from shared.wire import targets as wire

# Kinds that work with the AWS in memory.
_ANSWER_LOCALLY = {"echo", "openai"}

app = group(
    "targets",
    "Register, test, list, and remove targets. They are the flows and agents that client tokens may name.",
    examples(
        "client-tokens targets register --tenant acme flow_support --kind echo",
        "client-tokens targets test --tenant acme flow_support",
        "client-tokens targets list --tenant acme",
        "client-tokens targets remove --tenant acme flow_support",
    ),
)


@app.command(
    epilog=examples(
        "client-tokens targets register --tenant acme flow_trial --kind echo",
        "client-tokens targets register --tenant acme flow_support \\\n--kind aws_lambda \\\n"
        "--set function_arn=arn:aws:lambda:us-east-1:123456789012:function:support",
        "client-tokens targets register --tenant acme agent_sales \\\n--kind bedrock "
        '--set model_id=us.amazon.nova-lite-v1:0 \\\n--set system_prompt="You sell tea." --set max_tokens=500 \\\n'
        "--set max_input_bytes=65536 --set attachments=1000000",
        "client-tokens targets register --tenant acme agent_tea \\\n--kind openai "
        "--set base_url=https://api.openai.com/v1 \\\n--set model=gpt-5-mini "
        "--set input_price=0.25 --set output_price=2",
    )
)
@on_deployment
def register(
    deployment: Deployment,
    *,
    tenant: Tenant,
    target_id: TargetId,
    kind: Annotated[
        str,
        typer.Option(
            parser=parsers.kind,
            metavar="KIND",
            autocompletion=lambda: KINDS,
            help=f"The kind of target: {', '.join(KINDS[:-1])}, or {KINDS[-1]}.",
        ),
    ],
    settings: Annotated[
        list[Any] | None,
        typer.Option(
            "--set",
            parser=parsers.setting,
            metavar="NAME=VALUE",
            help="A setting, as listed above. Repeat it for more.",
        ),
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Register a target, or replace the one with the same id.

    A tenant without targets may name any flow and agent in its tokens. From the first target on, it may only name
    those that are registered. If the id is registered already, the command shows what would change and asks first.

    \b
    Kinds and their settings:
      echo        repeats what the visitor says, to try things out
                    pause_ms       milliseconds between its words, 0 to 1000,
                                   3 seconds per answer at most (default: 0)
      aws_lambda  a Lambda function of yours answers
                    function_arn   its ARN
                    response       json if it returns {"text": ...} (default),
                                   text if it streams its answer
      bedrock     a model on Amazon Bedrock answers
                    model_id       id or ARN of the model or inference profile
                    system_prompt  what the model should know (default: nothing)
                    temperature    0 to 1 (default: the model's own)
                    max_tokens     the longest answer, 1 to 8192 (default: 1024)
      openai      an endpoint that speaks OpenAI's chat completions answers
                    base_url       such as https://api.openai.com/v1
                    model          the model's name there
                    secret_arn     ARN of the secret with the API key, as plain
                                   text (default: no key)
                    system_prompt  what the model should know (default: nothing)
                    temperature    0 to 2 (default: the model's own)
                    max_tokens     the longest answer, 1 to 8192 (default: 1024)

    \b
    Settings of every kind, in bytes of UTF-8:
      max_input_bytes    the most that the target reads for one message: the
                         message, earlier messages, inputs, metadata,
                         context, and the page's tools with their outputs;
                         1 to 1048576 (default: 32768)
      max_message_bytes  the longest message, 1 to 65536 (default: 8192)
      attachments        the largest total size of one message's files,
                         1 to 4000000; 0 refuses files (default: 0)
      client_tools       the most of this that the page's tools may take,
                         1 to 65536; 0 hides them (default: 65536)

    \b
    Prices of every kind, in dollars with at most six decimals:
      input_price        per million input tokens (default: not known)
      output_price       per million output tokens (default: not known)
      call_price         per call (default: not known)

    The stack's parameters TargetFunctionPrefix, BedrockModelArns, and TargetSecretPrefix name the functions, models,
    and secrets that the API may use.
    """
    accepted = target_settings.read(kind, settings or ())
    is_own_handler = "function_arn" in accepted and accepted["function_arn"] == deployment.handler_arn
    if deployment.is_local and kind not in _ANSWER_LOCALLY and not is_own_handler:
        raise InvalidRequest(
            f"A target of kind {kind} cannot answer in the local stack, whose AWS is in memory. Register an echo or "
            "openai target there, serve a handler of your own with make run TARGET=path/to/handler.py, or deploy a "
            "stack for this one."
        )
    if not deployment.is_local and accepted.get("base_url", "").startswith("http:"):
        raise InvalidRequest(
            "base_url must be an HTTPS URL. HTTP works only on the local stack, for a model on your machine: --local."
        )
    target = Target(id=target_id, tenant=tenant, kind=kind, settings=accepted, created_at=datetime.now(UTC))
    before = _registered(target)
    changes = audit.target_changes(before, target)
    if warning := target_permissions.warning(target, deployment):
        say(f"Warning: {warning}")
    if not changes:
        say(f"Target {target.id} of tenant {target.tenant} is registered like this already: nothing has changed.")
        return
    if (before or dry_run) and not confirmed(*_differences(before, target), yes=yes, dry_run=dry_run):
        return
    context = audit_records.context(deployment, tenant)
    is_new = tenants.first_seen(target.tenant) is None
    targets.register(target, audit_records.record(context, "register_target", target.id, changes), replaces=before)
    say(f"Registered {target.id} ({target.kind}) as a target of tenant {target.tenant}.")
    if is_new:
        say(NEW_TENANT.format(target.tenant))


@app.command("list", epilog=examples("client-tokens targets list --tenant acme"))
@on_deployment
def list_targets(deployment: Deployment, *, tenant: Tenant, as_json: Json = False) -> None:
    """List a tenant's targets, by id.

    Shows what GET /v1/targets shows to the tenant, and the settings. ALLOWED says whether the stack's parameters let
    the API use what a target names. If not, --json has the problem.
    """
    permitted = target_permissions.permitted(deployment)
    show(
        targets.list_by_tenant(tenant),
        lambda target: _facts(target, permitted),
        {
            "ID": lambda target: target.id,
            "KIND": lambda target: target.kind,
            "ALLOWED": lambda target: "no" if target_permission.problem(target, permitted) else "yes",
            "CREATED": lambda target: timestamps.to_text(target.created_at),
            "SETTINGS": lambda target: _text(target.settings),
        },
        as_json=as_json,
        if_none=f"Tenant {tenant} has no registered targets.",
    )


@app.command(epilog=examples("client-tokens targets remove --tenant acme flow_support"))
@on_deployment
def remove(
    deployment: Deployment, *, tenant: Tenant, target_id: TargetId, yes: Yes = False, dry_run: DryRun = False
) -> None:
    """Remove a target.

    Once its last target is removed, a tenant may name any flow and agent in its tokens again. The command shows the
    target and asks first.
    """
    target = targets.get(tenant, target_id)
    what = f"Target {target.id} ({target.kind}) of tenant {tenant} will be removed: sessions that use it get no answer."
    if not confirmed(what, f"Its settings: {_text(target.settings)}", yes=yes, dry_run=dry_run):
        return
    context = audit_records.context(deployment, tenant)
    changes = audit.target_changes(target, None)
    targets.remove(target, audit_records.record(context, "remove_target", target.id, changes))
    say(f"Removed target {target.id} of tenant {target.tenant}.")


app.command(
    "test",
    epilog=examples(
        "client-tokens targets test --tenant acme flow_support",
        'client-tokens targets test --tenant acme agent_sales --message "Do you sell tea?"',
    ),
)(target_trial.run)


def _registered(target: Target) -> Target | None:
    with suppress(NotFound):
        return targets.get(target.tenant, target.id)
    return None


def _differences(before: Target | None, after: Target) -> list[str]:
    """The changes of registering a target, shown to the operator before confirmation."""
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
    """JSON keeps a prompt with line breaks on one line."""
    return json.dumps(value)


def _facts(target: Target, permitted: Permitted) -> dict[str, Any]:
    return {**wire.item(target, permitted), "settings": target.settings}
