"""What visitors say of answers, as the widget and the SDK send it."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from pydantic import Field

from shared.rules import feedback, identifier
from shared.rules.feedback import Feedback
from shared.wire.question import BrowserQuestion, Integer


class LeaveFeedback(BrowserQuestion):
    """`rating`: 1 to 5 for csat, 0 to 10 for nps; the other types are of one message and need its id."""

    session_id: str
    token: str
    type: Literal["upvote", "downvote", "copy", "csat", "nps"]
    message_id: Annotated[str, Field(min_length=1, max_length=identifier.LABEL_MAX)] | None = None
    rating: Integer | None = None
    comment: Annotated[str, Field(max_length=2000)] | None = None

    def feedback(self) -> Feedback:
        given = Feedback(type=self.type, message_id=self.message_id, rating=self.rating, comment=self.comment)
        return feedback.check(given)


class FeedbackLeft(TypedDict):
    """The feedback is stored."""

    success: bool
    feedbackId: str


def left(feedback_id: str) -> FeedbackLeft:
    return {"success": True, "feedbackId": feedback_id}
