"""The parts of an operation's description that come from neither the template nor a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from infra.tools.openapi.refusals import Codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`scope`: needed by the caller's credential, None for pages. `answer`: a typed dictionary, None for a stream.

    `examples`: of responses, `streams`: of those that stream, and `bodies`: of requests, by what they show. `refuses`:
    error codes in addition to those of every operation.
    """

    summary: str
    description: str
    scope: str | None = None
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    is_body_required: bool = True
    bodies: Mapping[str, Any] = field(default_factory=dict)
    headers: Sequence[str] = ()
    status: int = 200
    answer: type | None = None
    examples: Mapping[str, Any] = field(default_factory=dict)
    streams: Mapping[str, Any] = field(default_factory=dict)
    answer_headers: Sequence[str] = ()
    refuses: Codes = field(default_factory=dict)
