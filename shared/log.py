"""Logs and metrics: named fields only, so that no credential and no visitor's text can reach them."""

from __future__ import annotations

import traceback
from contextvars import ContextVar
from typing import Any, Literal

from shared import gc_control  # isort: skip

gc_control.disable()  # before the imports that it speeds up
from aws_lambda_powertools import Logger  # noqa: E402
from aws_lambda_powertools.metrics import MetricUnit, single_metric  # noqa: E402

_logger = Logger()
# Left out, because AWS charges for every byte: CloudWatch stores each line's time as @timestamp, and the other two
# would be the same in every line.
_logger.remove_keys(["timestamp", "location", "service"])
# Whose the current request is and what came of it, until it is answered.
_subject: ContextVar[dict[str, str | int | None] | None] = ContextVar("subject", default=None)

# Of an init: it opened a session. Of a message: this request stored a target's whole answer, sent what was stored
# already, or stored that the target waits for the page.
Outcome = Literal["opened", "answered", "repeated", "paused"]


def bind(
    *,
    tenant: str,
    token_id: str | None = None,
    environment: str | None = None,
    principal: str | None = None,
    previous_value: str | None = None,
) -> None:
    """Adds whose request this is, once that is proven, to its `answered` line.

    `environment`: that of the client token. `previous_value`: a short digest of the `jti` of the token's value, if that
    value was replaced and still works.
    """
    _subject.set(
        {
            "tenant": tenant,
            "token_id": token_id,
            "environment": environment,
            "principal": principal,
            "previous_value": previous_value,
        }
    )


def add(
    *,
    outcome: Outcome | None = None,
    input_tokens: int | None = None,
    output_tokens: int | None = None,
    cost: int | None = None,
    observed: str | None = None,
) -> None:
    """Adds what came of the current request to its `answered` line, once it is bound.

    `cost`: in picodollars. `observed`: the code of an error that was not enforced.
    """
    subject = _subject.get()
    if subject is not None:
        added = {
            "outcome": outcome,
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "cost": cost,
            "observed": observed,
        }
        subject.update({name: value for name, value in added.items() if value is not None})


def answered(
    operation: str,
    *,
    request_id: str,
    status: int,
    code: str | None,
    milliseconds: int,
    first_byte_milliseconds: int | None,
    origin: str | None,
) -> None:
    """Logs one line per request, and counts a metric if it was refused. `first_byte_milliseconds`: of a streamed
    response. `origin`: that of the page. It is logged if the page was refused, or would have been.
    """
    subject = _subject.get() or {}
    _subject.set(None)
    fields: dict[str, Any] = {
        "operation": operation,
        "request_id": request_id,
        "status": status,
        "code": code,
        "milliseconds": milliseconds,
        "first_byte_milliseconds": first_byte_milliseconds,
        "origin": origin if code or "observed" in subject else None,
    } | subject
    _logger.info("answered", extra={name: value for name, value in fields.items() if value is not None})
    if code is not None:
        count("RequestsRefused", operation=operation, code=code)


def rejected(operation: str, *, reason: str) -> None:
    """Logs why a credential was rejected. The caller learns less."""
    _logger.info("rejected", extra={"operation": operation, "reason": reason})


def fault(error: BaseException, *, operation: str, request_id: str) -> None:
    """Logs the type and location of an error, never its message, which may quote what a caller sent."""
    _logger.error(
        "fault",
        extra={
            "operation": operation,
            "request_id": request_id,
            "error": type(error).__name__,
            "aws_operation": getattr(error, "operation", None),
            "aws_error": getattr(error, "code", None),
            "frames": [
                f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
            ],
        },
    )
    count("Faults", operation=operation, error=type(error).__name__)


def count(name: str, number: int = 1, /, **dimensions: str) -> None:
    """Adds to a metric; CloudWatch reads it from the log line."""
    with single_metric(name=name, unit=MetricUnit.Count, value=number) as metric:
        for dimension, value in dimensions.items():
            metric.add_dimension(name=dimension, value=value)
