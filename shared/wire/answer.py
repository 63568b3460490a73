"""What we send: dataclasses. Our own words need no checking, and models would cost each cold start their building."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from shared import errors
from shared.rules import instant

# Metadata of a field whose key stands in an answer only where it has something to say.
OMITTED_IF_NONE = {"omitted_if_none": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Goes out with camelCase names, points in time as text, and everything else as JSON has it."""

    def to_json(self) -> str:
        return json.dumps(_plain(self), ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    match value:
        case Answer():
            named = [(one, getattr(value, one.name)) for one in fields(value)]
            return {
                errors.camel_case(one.name): _plain(given)
                for one, given in named
                if given is not None or one.metadata != OMITTED_IF_NONE
            }
        case list() | tuple():
            return [_plain(one) for one in value]
        case datetime():
            return instant.to_text(value)
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Answer):
    limit: int
    offset: int
    has_more: bool
