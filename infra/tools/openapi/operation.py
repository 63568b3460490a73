"""What has to be said of an operation that neither the template nor a model says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from infra.tools.openapi.refusals import Codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`scope`: what the caller's credential needs, None for pages. `answer`: a typed dictionary, None for a stream.

    `examples` are of the answer, `bodies` of the request, by what they show. `refuses`: beside what every
    operation may answer.
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
    examples: Mapping[str, Any]
    answer_headers: Sequence[str] = ()
    refuses: Codes = field(default_factory=dict)
