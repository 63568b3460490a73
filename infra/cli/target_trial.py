"""Sends one message through a target, from the operator's machine, and shows what visitors would read and when."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from secrets import token_bytes
from typing import Annotated

import typer
from pydantic import ValidationError

from infra.cli import target_permissions
from infra.cli.command import on_deployment
from infra.cli.deployment import Deployment
from infra.cli.errors import CommandFailed, sentence
from infra.cli.options import TargetId, Tenant
from infra.cli.output import say, write
from shared.aws.client import AwsError
from shared.errors import ApiError, TargetFailed, TargetTimedOut
from shared.rules import identifier, input_limits
from shared.rules.answer import Ending, Usage
from shared.rules.target import Target
from shared.rules.target_request import Message, PageInput, TargetRequest
from shared.store import targets
from shared.targets import answering
from shared.targets.openai import EndpointError

# The longest that a deployment may let a target take.
_SECONDS_MAX = 300
_PICODOLLAR_DIGITS = 12
_MEANINGS = {
    "target_answer_empty": "The answer has no text.",
    "target_answer_incomplete": "The answer broke off.",
    "target_answer_too_large": "The answer is larger than 200 KB.",
    "target_called_too_many_tools": "It called more tools at once than a page runs.",
    "target_called_unknown_tool": "It called a tool, and this message offers none: only a page does.",
    "target_function_failed": "The function raised an error: see its log.",
    "target_function_timed_out": "The function reached its own timeout.",
    "target_timed_out": f"The answer was not complete within {_SECONDS_MAX} seconds.",
}


@dataclass(frozen=True, slots=True)
class _Trial:
    """`first`, `total`: seconds until the first words, and until the end."""

    ending: Ending
    first: float
    total: float


@on_deployment
def run(
    deployment: Deployment,
    *,
    tenant: Tenant,
    target_id: TargetId,
    message: Annotated[str, typer.Option(metavar="TEXT", help="What to say to it.")] = "Hello",
) -> None:
    """Send a message through a target.

    You read the answer as it comes; then how long it took to the first words and in all, how many tokens it used, and
    what it cost. Nothing is stored. The target is invoked from this machine with your own AWS credentials, which must
    allow it. Whether the API's role allows it, too, depends on the stack's parameters: if they don't, a warning says
    so.
    """
    target = targets.get(tenant, target_id)
    if warning := target_permissions.warning(target, deployment):
        say(f"Warning: {warning}")
    if deployment.aws_endpoint is None:
        # So far, it has led to DynamoDB. Other services have addresses of their own.
        os.environ.pop("AWS_ENDPOINT_URL", None)
    trial = _try(target, message)
    say(f"First words after {trial.first:.2f} s, complete after {trial.total:.2f} s.")
    for fact in _facts(target, trial.ending):
        say(fact)


def _try(target: Target, text: str) -> _Trial:
    """Raises CommandFailed if the target fails, also in the middle of its answer."""
    started = time.monotonic()
    request = _request(target, text, started + _SECONDS_MAX)
    ending, first = Ending(), 0.0
    try:
        for piece in answering.answer(target, request):
            if isinstance(piece, str):
                first = first or time.monotonic() - started
                write(piece)
            elif isinstance(piece, Ending):
                ending = piece
    except ApiError as error:
        raise CommandFailed(_failure(error)) from error
    finally:
        if first:
            write("\n")
    return _Trial(ending, first, time.monotonic() - started)


def _request(target: Target, text: str, deadline: float) -> TargetRequest:
    """As chat makes it for the first message of a visitor. The ids are made up. Raises InvalidRequest."""
    now = datetime.now(UTC)
    message = Message(id=identifier.new("usr", now, token_bytes), role="user", text=text, at=now)
    input_limits.require_within(target.limits, PageInput(message=message))
    return TargetRequest(
        conversation_id=identifier.new("conv", now, token_bytes),
        token_id=identifier.new("ct", now, token_bytes),
        environment="test",
        target_id=target.id,
        pin_to_version="latest",
        target_alias=None,
        target_version_id=None,
        message=message,
        history=lambda: [message],
        seconds_left=lambda: deadline - time.monotonic(),
    )


def _facts(target: Target, ending: Ending) -> Iterator[str]:
    match ending.stop_reason:
        case "length":
            yield "The answer was cut off: it reached the target's limit of tokens."
        case "content_filter":
            yield "A filter stopped the answer."
    usage, price = ending.usage, target.price
    if usage:
        yield f"It used {usage.input_tokens:,} input tokens and {usage.output_tokens:,} output tokens."
    else:
        yield "The target does not report how many tokens it used."
    if price is None:
        yield "The cost is not known: register the target with prices."
    elif usage is None and (price.input_price or price.output_price):
        yield "The cost is not known without the number of tokens."
    else:
        yield f"It cost {_dollars(price.cost(usage or Usage(input_tokens=0, output_tokens=0)))}."


def _dollars(picodollars: int) -> str:
    amount = f"{Decimal(picodollars).scaleb(-_PICODOLLAR_DIGITS):f}"
    return f"${amount.rstrip('0').rstrip('.')}" if "." in amount else f"${amount}"


def _failure(error: ApiError) -> str:
    """What went wrong, for the operator, and what visitors read instead."""
    match error.__cause__:
        case AwsError() as cause:
            why = sentence(cause)
        case ValidationError(title="_Reply"):
            why = 'The function did not return {"text": ...}.'
        case ValidationError():
            why = "This version does not accept the settings of the target: register it again."
        case EndpointError() as cause:
            why = f"The endpoint did not answer: {cause}."
        case _ if isinstance(error, TargetFailed | TargetTimedOut):
            why = _MEANINGS.get(error.code, "The target failed.")
        case _:
            why = "The target does not accept this message."
    return f"{why} Visitors read: {error.message}"
