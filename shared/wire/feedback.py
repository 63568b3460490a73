"""Feedback on answers, as the widget and the SDK send it."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from pydantic import Field

from shared.rules import feedback, identifier
from shared.rules.feedback import RATING_MAX, RATING_MIN, RATINGS, Feedback
from shared.wire.request_model import Integer, LenientRequestModel, bytes_at_most

COMMENT_BYTES_MAX = 2000


class LeaveFeedback(LenientRequestModel):
    """`rating`: 1 to 5 for csat, 0 to 10 for nps. The other types are about one answer and need its id. They have no
    rating; if the request has one, it is not kept.
    """

    session_id: str
    token: str
    type: Literal["upvote", "downvote", "copy", "csat", "nps"]
    message_id: Annotated[str, Field(min_length=1, max_length=identifier.LABEL_MAX)] | None = None
    rating: Annotated[Integer, Field(ge=RATING_MIN, le=RATING_MAX)] | None = None
    # Schemas count characters, of which each has a byte or more.
    comment: (
        Annotated[str, Field(json_schema_extra={"maxLength": COMMENT_BYTES_MAX}), bytes_at_most(COMMENT_BYTES_MAX)]
        | None
    ) = None

    def feedback(self) -> Feedback:
        rating = self.rating if self.type in RATINGS else None
        given = Feedback(type=self.type, message_id=self.message_id, rating=rating, comment=self.comment)
        return feedback.check(given)


class FeedbackLeft(TypedDict):
    """The feedback is stored."""

    success: bool
    feedbackId: str


def stored(feedback_id: str) -> FeedbackLeft:
    return {"success": True, "feedbackId": feedback_id}
