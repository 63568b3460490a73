"""Calls the target of a message by its kind. Errors of a target become ours and reveal nothing about it."""

from __future__ import annotations

import codecs
from collections.abc import Generator, Iterable
from contextlib import closing
from importlib import import_module
from typing import Any, Protocol, cast

from pydantic import BaseModel, ValidationError

from shared.aws.client import AwsError, AwsErrorResponse, TimedOut
from shared.errors import TargetFailed, TargetTimedOut, unsent
from shared.rules import client_tools, price, visitor_questions
from shared.rules.answer import Ending, Piece, ToolCalls
from shared.rules.target import Target
from shared.rules.target_request import TargetRequest

# A reply is stored in one item of at most 400 KB.
_ANSWER_BYTES_MAX = 200 * 1024

Answer = Generator[Piece]


class Kind(Protocol):
    """The interface of a module for one of KINDS.

    `answer` makes its request within `unsent`. It yields the answer's text as it comes, in pieces of any size, and at
    last one Ending, or ToolCalls: an answer without either is broken. It raises InvalidRequest for input that it cannot
    read. It need not catch AWS's errors or pydantic's, nor care for empty pieces, halves of surrogate pairs, or the
    size of the answer.
    """

    Settings: type[BaseModel]

    def answer(self, settings: Any, request: TargetRequest) -> Answer: ...


def answer(target: Target, request: TargetRequest) -> Answer:
    """Yields the answer's text as it comes, the first piece never blank, none empty; at last its Ending or ToolCalls.

    Raises TargetFailed, TargetTimedOut, and InvalidRequest or PayloadTooLarge for what this target cannot take. It does
    so before the first piece, or after any: then what was yielded is the beginning of an answer that never ended.
    """
    with unsent():
        kind = load(target.kind)
        try:
            settings = kind.Settings.model_validate(target.kind_settings)
        except ValidationError as error:
            raise TargetFailed from error
    try:
        with closing(kind.answer(settings, request)) as pieces:
            yield from _storable(pieces, request)
    except TimedOut as error:
        raise TargetTimedOut(is_free=_is_free(error)) from error
    except AwsError as error:
        raise TargetFailed(is_free=_is_free(error)) from error
    except ValidationError as error:
        raise TargetFailed from error


def load(kind: str) -> Kind:
    """`kind`: one of KINDS. Imported on use, so that a cold start loads no unused AWS client."""
    return cast("Kind", import_module(f"shared.targets.{kind}"))


def _is_free(error: AwsError) -> bool:
    """Reading a target's key is not yet a request to the target."""
    if isinstance(error, AwsErrorResponse) and error.status in price.FREE_STATUSES:
        return True
    return not error.was_sent or error.operation == "GetSecretValue"


def _storable(pieces: Iterable[Piece], request: TargetRequest) -> Answer:
    # JSON may cut a character between two pieces. Each then holds half of a surrogate pair, which is no text.
    decoder = codecs.getincrementaldecoder("utf-16-le")("replace")
    held: list[str] = []
    # Texts and questions before a pause are stored with the reply.
    size = sum(len(step.text.encode()) for step in request.steps) + visitor_questions.size(request.steps)
    is_visible = False
    for piece in pieces:
        text = (
            decoder.decode(piece.encode("utf-16-le", "surrogatepass"))
            if isinstance(piece, str)
            else decoder.decode(b"", final=True)
        )
        size += len(text.encode())
        if size > _ANSWER_BYTES_MAX:
            raise TargetFailed(code="target_answer_too_large")
        # The first text goes out with a status of 200, so it must be something to see.
        is_visible = is_visible or bool(text.strip())
        if text:
            held.append(text)
        if held and is_visible:
            yield "".join(held)
            held.clear()
        if isinstance(piece, ToolCalls):
            yield client_tools.require_callable(piece, request.tools)
            return
        if isinstance(piece, Ending):
            if not is_visible:
                raise TargetFailed(code="target_answer_empty")
            yield piece
            return
    raise TargetFailed(code="target_answer_incomplete")
