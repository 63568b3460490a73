"""A visitor's feedback on a reply or on the whole conversation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.errors import Detail, InvalidRequest
from shared.rules import digest

# On one message. The other types are on the conversation.
_OF_A_MESSAGE = {"upvote", "downvote", "copy"}
RATINGS = {"csat": (1, 5), "nps": (0, 10)}
RATING_MIN, RATING_MAX = 0, 10
_SUBJECT_LENGTH = 24
_ID = re.compile(r"fb_([0-7][0-9a-hjkmnp-tv-z]{25})([0-9a-f]{24})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """`type`: upvote, downvote, copy, csat, or nps."""

    type: str
    message_id: str | None
    rating: int | None
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackRecord:
    """Feedback as it is stored. `surface_id`: the token's product surface, if it has one."""

    id: str
    tenant: str
    token_id: str
    conversation_id: str
    flow_id: str
    surface_id: str | None
    given: Feedback
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackFilter:
    """Only feedback that has each of these, where one is named."""

    conversation_id: str | None = None
    flow_id: str | None = None
    surface_id: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    """How often each type was given, and each rating of csat and nps."""

    types: Counter[str]
    ratings: dict[str, Counter[int]]

    @classmethod
    def of(cls, given: Iterable[tuple[str, int | None]]) -> Statistics:
        """From types and ratings."""
        types: Counter[str] = Counter()
        ratings: dict[str, Counter[int]] = {kind: Counter() for kind in RATINGS}
        for kind, rating in given:
            types[kind] += 1
            if kind in ratings and rating is not None:
                ratings[kind][rating] += 1
        return cls(types, ratings)


def new_id(conversation_id: str, feedback: Feedback) -> str:
    """The same for feedback of the same type on the same subject, which replaces it. It names its conversation, so that
    one read finds it.
    """
    subject = digest.sha256_hex(f"{feedback.type}#{feedback.message_id or ''}")[:_SUBJECT_LENGTH]
    return f"fb_{conversation_id.removeprefix('conv_')}{subject}"


def parse_id(feedback_id: str) -> tuple[str, str] | None:
    """The conversation's id, and what stands for the subject in it. None if no feedback can have such an id."""
    match = _ID.fullmatch(feedback_id)
    return (f"conv_{match[1]}", match[2]) if match else None


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
