"""The query strings of list operations.

Each takes an offset, which Runtype's clients send, or a cursor, which stays right if entries are deleted meanwhile.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from shared.errors import Detail, InvalidRequest
from shared.rules import cursor, identifier
from shared.rules.conversation import Place
from shared.wire.page import CursorPage, Page
from shared.wire.request_model import QueryInteger, RequestModel

OFFSET_MAX = 999_999_999
Offset = Annotated[QueryInteger, Field(ge=0, le=OFFSET_MAX)]
Limit = Annotated[QueryInteger, Field(ge=1, le=200)]
Cursor = Annotated[str, Field(min_length=1, max_length=cursor.LENGTH_MAX)]


class ListClientTokens(RequestModel):
    limit: Limit | None = None
    offset: Offset = 0
    cursor: Cursor | None = None

    def after(self, tenant: str) -> str | None:
        """The id of the token that the page follows. Raises InvalidRequest."""
        token_id = position(self.cursor, self.offset, "tokens", tenant)
        if token_id is not None and not identifier.is_valid("ct", token_id):
            raise cursor.invalid()
        return token_id

    def pagination(self, last: str | None, tenant: str) -> Page | None:
        """`last`: the id of the token after which more follow, if any."""
        if self.limit is None:
            return None
        return page_of(self.limit, self.offset, last, "tokens", tenant)


class ListClientTokenConversations(RequestModel):
    """`flow_id` is the one name that the documented API spells with an underscore."""

    model_config = ConfigDict(alias_generator=None)

    limit: Limit = 50
    offset: Offset = 0
    cursor: Cursor | None = None
    flow_id: Annotated[str, Field(max_length=identifier.LABEL_MAX)] | None = None

    def after(self, token_id: str) -> Place | None:
        """Where the page begins. Raises InvalidRequest."""
        place = position(self.cursor, self.offset, "conversations", token_id, self.flow_id)
        try:
            return None if place is None else Place.from_text(place)
        except ValueError:
            raise cursor.invalid() from None

    def pagination(self, end: Place | None, token_id: str) -> Page:
        return page_of(self.limit, self.offset, end.to_text() if end else None, "conversations", token_id, self.flow_id)


def position(given: str | None, offset: int, *scope: str | None) -> str | None:
    if given is None:
        return None
    if offset:
        reason = "cannot be combined with offset: the cursor already says where the page begins"
        raise InvalidRequest.from_details(Detail.for_field("cursor", reason, "exclusive"))
    return cursor.decode(given, *scope)


def cursor_page_of(limit: int, end: str | None, *scope: str | None) -> CursorPage:
    """Of a list that takes no offset."""
    following = None if end is None else cursor.encode(end, *scope)
    return {"limit": limit, "hasMore": end is not None, "nextCursor": following}


def page_of(limit: int, offset: int, end: str | None, *scope: str | None) -> Page:
    following = None if end is None else cursor.encode(end, *scope)
    return {"limit": limit, "offset": offset, "hasMore": end is not None, "nextCursor": following}
