"""The request for a new value of a client token."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import Field

from shared.wire.request_model import Integer, RequestModel

_NOT_GIVEN: Any = None


class RegenerateClientToken(RequestModel):
    """The body is optional. Omitting the grace period differs from a grace period of zero seconds."""

    grace_period_seconds: Annotated[Integer, Field(ge=0, le=604_800)] = _NOT_GIVEN

    @classmethod
    def read(cls, body: str | None) -> Self:
        return super().read(body or "{}")

    def grace(self) -> timedelta | None:
        """None if the request has none."""
        is_given = "grace_period_seconds" in self.model_fields_set
        return timedelta(seconds=self.grace_period_seconds) if is_given else None
