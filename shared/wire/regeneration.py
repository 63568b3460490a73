"""The request for a new value of a client token."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field

from shared.wire.question import Integer, Question


class RegenerateClientToken(Question):
    """The body may be left out."""

    grace_period_seconds: Annotated[Integer, Field(ge=0, le=604_800)] = 0

    @classmethod
    def read(cls, body: str | None) -> Self:
        return super().read(body or "{}")

    def grace(self) -> timedelta:
        return timedelta(seconds=self.grace_period_seconds)
