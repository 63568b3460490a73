"""Repeats the visitor's message word by word, for trials without a backend."""

from __future__ import annotations

import re
import time
from collections.abc import Generator
from typing import Annotated

from pydantic import BaseModel, Field

from shared.errors import InvalidRequest
from shared.rules.answer import Ending
from shared.rules.target_request import TargetRequest

# All pauses of an answer together, which is less than any deployment's time for one.
_PAUSES_SECONDS = 3


class Settings(BaseModel, extra="forbid", frozen=True):
    """`pause_ms`: milliseconds between two words, so that people see the answer stream. Less if there are many."""

    pause_ms: Annotated[int, Field(ge=0, le=1000)] = 0


def answer(settings: Settings, request: TargetRequest) -> Generator[str | Ending]:
    if request.attachments:
        raise InvalidRequest("This assistant reads text only.", code="attachment_not_supported", is_free=True)
    # A word with the blanks after it, or blanks at the start.
    first, *words = re.findall(r"\S+\s*|\s+", f"You said: {request.message.text}")
    yield first
    for word in words:
        if settings.pause_ms:
            time.sleep(min(settings.pause_ms / 1000, _PAUSES_SECONDS / len(words)))
        yield word
    yield Ending()
