"""Feedback as the owner of the conversations reads it, in the form of Runtype's clients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TypedDict

from shared.rules import timestamps
from shared.rules.feedback import FeedbackRecord, Statistics
from shared.wire.page import Page

# Of nps: from 9 on, a promoter; below 7, a detractor.
_PROMOTER_MIN, _PASSIVE_MIN = 9, 7


class FeedbackItem(TypedDict):
    """Feedback of a visitor. `recordId` is the conversation's id."""

    id: str
    feedbackType: str
    rating: int | None
    comment: str | None
    messageId: str | None
    recordId: str
    clientTokenId: str
    flowId: str
    createdAt: str


class FeedbackListed(TypedDict):
    """Feedback on conversations of all of the tenant's client tokens."""

    feedback: list[FeedbackItem]
    pagination: Page


class FeedbackFound(TypedDict):
    """Feedback of a visitor."""

    feedback: FeedbackItem


class FeedbackDeleted(TypedDict):
    """The feedback is gone, for good."""

    success: bool
    message: str


class CsatStatistics(TypedDict):
    """Ratings of csat, from 1 to 5. Without any, the average is 0."""

    count: int
    average: float
    distribution: dict[str, int]


class NpsStatistics(TypedDict):
    """Ratings of nps, from 0 to 10. Without any, the score is 0."""

    count: int
    promoters: int
    passives: int
    detractors: int
    score: int


class FeedbackCounts(TypedDict):
    """How much feedback of each type there is."""

    total: int
    upvotes: int
    downvotes: int
    copies: int
    netScore: int
    csat: CsatStatistics
    nps: NpsStatistics


class FeedbackStatistics(TypedDict):
    """Statistics of the feedback that matches the filters."""

    stats: FeedbackCounts


def listed(found: Iterable[FeedbackRecord], pagination: Page) -> FeedbackListed:
    return {"feedback": [item(one) for one in found], "pagination": pagination}


def found(record: FeedbackRecord) -> FeedbackFound:
    return {"feedback": item(record)}


def deleted() -> FeedbackDeleted:
    return {"success": True, "message": "The feedback was deleted."}


def statistics(counted: Statistics) -> FeedbackStatistics:
    types = counted.types
    return {
        "stats": {
            "total": types.total(),
            "upvotes": types["upvote"],
            "downvotes": types["downvote"],
            "copies": types["copy"],
            "netScore": types["upvote"] - types["downvote"],
            "csat": _csat(counted.ratings["csat"]),
            "nps": _nps(counted.ratings["nps"]),
        }
    }


def item(record: FeedbackRecord) -> FeedbackItem:
    return {
        "id": record.id,
        "feedbackType": record.given.type,
        "rating": record.given.rating,
        "comment": record.given.comment,
        "messageId": record.given.message_id,
        "recordId": record.conversation_id,
        "clientTokenId": record.token_id,
        "flowId": record.flow_id,
        "createdAt": timestamps.to_text(record.at),
    }


def _csat(ratings: Counter[int]) -> CsatStatistics:
    count = ratings.total()
    average = round(sum(rating * number for rating, number in ratings.items()) / (count or 1), 2)
    return {"count": count, "average": average, "distribution": {str(one): ratings[one] for one in range(1, 6)}}


def _nps(ratings: Counter[int]) -> NpsStatistics:
    """https://en.wikipedia.org/wiki/Net_promoter_score"""
    count = ratings.total()
    promoters = sum(number for rating, number in ratings.items() if rating >= _PROMOTER_MIN)
    detractors = sum(number for rating, number in ratings.items() if rating < _PASSIVE_MIN)
    return {
        "count": count,
        "promoters": promoters,
        "passives": count - promoters - detractors,
        "detractors": detractors,
        "score": round(100 * (promoters - detractors) / (count or 1)),
    }
