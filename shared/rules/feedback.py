"""A visitor's feedback on a reply or on the whole conversation."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import Detail, InvalidRequest

# On one message. The other types are on the conversation.
_OF_A_MESSAGE = {"upvote", "downvote", "copy"}
RATINGS = {"csat": (1, 5), "nps": (0, 10)}
RATING_MIN, RATING_MAX = 0, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """`type`: upvote, downvote, copy, csat, or nps."""

    type: str
    message_id: str | None
    rating: int | None
    comment: str | None


def check(feedback: Feedback) -> Feedback:
    """Raises InvalidRequest for a vote without a message, or a score outside its scale."""
    if feedback.type in _OF_A_MESSAGE and feedback.message_id is None:
        raise InvalidRequest.from_details(
            Detail.for_field("message_id", f"is required for {feedback.type}", "required")
        )
    if feedback.type in RATINGS:
        lowest, highest = RATINGS[feedback.type]
        if feedback.rating is None or not lowest <= feedback.rating <= highest:
            reason = f"must be from {lowest} to {highest} for {feedback.type}"
            raise InvalidRequest.from_details(Detail.for_field("rating", reason, "out_of_range"))
    return feedback
