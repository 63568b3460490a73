"""Repeats the visitor's message word by word, for trials without a backend."""

from __future__ import annotations

import re
from collections.abc import Generator

from pydantic import BaseModel

from shared.errors import InvalidRequest
from shared.rules.answer import Ending
from shared.rules.target_request import TargetRequest


class Settings(BaseModel, extra="forbid", frozen=True):
    """No settings."""


def answer(_settings: Settings, request: TargetRequest) -> Generator[str | Ending]:
    if request.attachments:
        raise InvalidRequest("This assistant reads text only.", code="attachment_not_supported", is_free=True)
    # A word with the blanks after it, or blanks at the start.
    yield from re.findall(r"\S+\s*|\s+", f"You said: {request.message.text}")
    yield Ending()
