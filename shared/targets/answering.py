"""Calls the target of a message by its kind. Errors of a target become ours and reveal nothing about it."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol, cast

from pydantic import BaseModel, ValidationError

from shared.aws.client import AwsError, TimedOut
from shared.errors import TargetFailed, TargetTimedOut
from shared.rules.target import Target
from shared.rules.target_request import TargetRequest

# A reply is stored in one item of at most 400 KB.
_ANSWER_BYTES_MAX = 200 * 1024


class Kind(Protocol):
    """The interface of a module for one of KINDS.

    `answer` raises InvalidRequest for input that it cannot read. It need not catch AWS's errors or pydantic's.
    """

    Settings: type[BaseModel]

    def answer(self, settings: Any, request: TargetRequest) -> str: ...


def answer(target: Target, request: TargetRequest) -> str:
    """Raises TargetFailed, TargetTimedOut, and InvalidRequest or PayloadTooLarge for what this target cannot take."""
    kind = load(target.kind)
    try:
        text = kind.answer(kind.Settings.model_validate(target.kind_settings), request)
    except TimedOut as error:
        raise TargetTimedOut from error
    except (AwsError, ValidationError) as error:
        raise TargetFailed from error
    if not text.strip():
        raise TargetFailed(code="target_answer_empty")
    if len(text.encode()) > _ANSWER_BYTES_MAX:
        raise TargetFailed(code="target_answer_too_large")
    return text


def load(kind: str) -> Kind:
    """`kind`: one of KINDS. Imported on use, so that a cold start loads no unused AWS client."""
    return cast("Kind", import_module(f"shared.targets.{kind}"))
