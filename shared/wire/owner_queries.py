"""The query strings of the operations on what visitors wrote. The names are Runtype's."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from shared.rules import cursor, identifier
from shared.rules.conversation import ConversationFilter
from shared.rules.feedback import FeedbackFilter
from shared.wire.listing import Cursor, Limit, Offset, cursor_page_of, page_of, position
from shared.wire.page import CursorPage, Page
from shared.wire.request_model import QueryInteger, RequestModel

_TURNS_MAX = 1000
Label = Annotated[str, Field(min_length=1, max_length=identifier.LABEL_MAX)]


class ListConversations(RequestModel):
    """The names are Runtype's, with and without underscores."""

    model_config = ConfigDict(alias_generator=None)

    source: Literal["all", "app", "client_token"] = "all"
    surface_id: Label | None = None
    client_token_id: Label | None = None
    owner_id: Annotated[Label | None, Field(alias="ownerId")] = None
    limit: Limit = 50
    cursor: Cursor | None = None

    def only(self) -> ConversationFilter | None:
        """None for conversations of a source that this service does not have."""
        if self.source == "app":
            return None
        return ConversationFilter(token_id=self.client_token_id, surface_id=self.surface_id, visitor_id=self.owner_id)

    def after(self, tenant: str) -> str | None:
        """Where the page begins. Raises InvalidRequest."""
        return None if self.cursor is None else cursor.decode(self.cursor, *self._scope(tenant))

    def pagination(self, end: str | None, tenant: str) -> CursorPage:
        return cursor_page_of(self.limit, end, *self._scope(tenant))

    def _scope(self, tenant: str) -> tuple[str | None, ...]:
        return "conversations of tenant", tenant, self.source, self.surface_id, self.client_token_id, self.owner_id


class GetConversation(RequestModel):
    message_limit: Annotated[QueryInteger, Field(ge=1, le=_TURNS_MAX)] = _TURNS_MAX
    message_cursor: Cursor | None = None

    def before(self, conversation_id: str) -> str | None:
        """What the messages come before. Raises InvalidRequest."""
        return None if self.message_cursor is None else cursor.decode(self.message_cursor, "messages", conversation_id)


class GetFeedbackStatistics(RequestModel):
    """The names are Runtype's. A conversation is a record there."""

    model_config = ConfigDict(alias_generator=None)

    record_id: Label | None = None
    flow_id: Label | None = None
    surfaceId: Label | None = None

    def only(self) -> FeedbackFilter:
        return FeedbackFilter(conversation_id=self.record_id, flow_id=self.flow_id, surface_id=self.surfaceId)


class ListFeedback(GetFeedbackStatistics):
    type: Literal["upvote", "downvote", "copy", "csat", "nps"] | None = None
    limit: Limit = 50
    offset: Offset = 0
    cursor: Cursor | None = None

    def only(self) -> FeedbackFilter:
        return FeedbackFilter(
            conversation_id=self.record_id, flow_id=self.flow_id, surface_id=self.surfaceId, type=self.type
        )

    def after(self, tenant: str) -> str | None:
        """Where the page begins. Raises InvalidRequest."""
        return position(self.cursor, self.offset, *self._scope(tenant))

    def pagination(self, end: str | None, tenant: str) -> Page:
        return page_of(self.limit, self.offset, end, *self._scope(tenant))

    def _scope(self, tenant: str) -> tuple[str | None, ...]:
        return "feedback", tenant, self.record_id, self.flow_id, self.surfaceId, self.type
