"""Repeats the visitor's message, for trials without a backend."""

from __future__ import annotations

from pydantic import BaseModel

from shared.errors import InvalidRequest
from shared.rules.target_request import TargetRequest


class Settings(BaseModel, extra="forbid", frozen=True):
    """No settings."""


def answer(_settings: Settings, request: TargetRequest) -> str:
    if request.attachments:
        raise InvalidRequest("This assistant reads text only.", code="attachment_not_supported")
    return f"You said: {request.message.text}"
