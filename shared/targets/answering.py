"""Has a visitor's message answered by the kind of thing that its target is; what goes wrong there stays there."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol, cast

from pydantic import BaseModel, ValidationError

from shared.aws.client import AwsError, TimedOut
from shared.errors import TargetFailed, TargetTimedOut
from shared.rules.target import Target
from shared.rules.target_request import TargetRequest

# An answer is stored whole, in an item of at most 400 KB.
_ANSWER_BYTES_MAX = 200 * 1024


class Kind(Protocol):
    """What a module of this room offers, if it is one of KINDS.

    `answer` raises InvalidRequest for what it cannot read; AWS's errors and pydantic's it need not catch.
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
    """`kind`: one of KINDS. Only now, so that nobody waits for an AWS client that no target needs."""
    return cast("Kind", import_module(f"shared.targets.{kind}"))
