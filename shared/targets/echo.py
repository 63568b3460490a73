"""Repeats what the visitor says: for trying out everything else."""

from __future__ import annotations

from pydantic import BaseModel

from shared.errors import Invalid
from shared.rules.question import Question


class Settings(BaseModel, extra="forbid", frozen=True):
    """There is nothing to set."""


def answer(_settings: Settings, question: Question) -> str:
    if question.attachments:
        raise Invalid("This assistant reads text only.", code="attachment_not_supported")
    return f"You said: {question.message.text}"
