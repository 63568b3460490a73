"""The query strings of list operations."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from shared.rules import identifier
from shared.wire.page import Page
from shared.wire.request_model import QueryInteger, RequestModel

OFFSET_MAX = 999_999_999


class ListClientTokens(RequestModel):
    limit: Annotated[QueryInteger, Field(ge=1, le=200)] | None = None
    offset: Annotated[QueryInteger, Field(ge=0, le=OFFSET_MAX)] = 0

    def pagination(self, has_more: bool) -> Page | None:  # noqa: FBT001
        return None if self.limit is None else {"limit": self.limit, "offset": self.offset, "hasMore": has_more}


class ListConversations(RequestModel):
    """`flow_id` is the one name that the documented API spells with an underscore."""

    model_config = ConfigDict(alias_generator=None)

    limit: Annotated[QueryInteger, Field(ge=1, le=200)] = 50
    offset: Annotated[QueryInteger, Field(ge=0, le=OFFSET_MAX)] = 0
    flow_id: Annotated[str, Field(max_length=identifier.LABEL_MAX)] | None = None

    def pagination(self, has_more: bool) -> Page:  # noqa: FBT001
        return {"limit": self.limit, "offset": self.offset, "hasMore": has_more}
