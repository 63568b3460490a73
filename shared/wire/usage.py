"""The usage and the refusals of a client token: their query strings and responses. Runtype has no such operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypedDict

from shared.rules import daily_budget, tally_report, timestamps
from shared.rules.client_token import ClientToken
from shared.rules.tally import BOUNDS, Group, Tally
from shared.rules.tally_report import Period, Report, Span
from shared.wire.request_model import RequestModel, Timestamp


class GetClientTokenUsage(RequestModel):
    """Times are rounded to whole hours or days in UTC, so that they are inside."""

    period: Period = "hour"
    since: Timestamp | None = None
    until: Timestamp | None = None

    def span(self, at: datetime) -> Span:
        """Raises InvalidRequest."""
        return tally_report.span(self.period, self.since, self.until, at)


class ListClientTokenRefusals(RequestModel):
    """Times are rounded to whole hours in UTC, so that they are inside."""

    since: Timestamp | None = None
    until: Timestamp | None = None

    def span(self, at: datetime) -> Span:
        """Raises InvalidRequest."""
        return tally_report.span("hour", self.since, self.until, at)


class Counts(TypedDict):
    """What visitors did."""

    sessions: int
    messages: int
    repeated: int
    paused: int
    refused: int
    failed: int
    observed: int
    inputTokens: int
    outputTokens: int
    cost: float


class PartOfUsage(Counts):
    """What visitors did in one hour or day."""

    start: str


class CodeCount(TypedDict):
    """How many requests had one error code."""

    code: str
    count: int


class TimesUpTo(TypedDict):
    """How many answers took this long."""

    milliseconds: int | None
    count: int


class Times(TypedDict):
    """How long answers took."""

    p50: int | None
    p95: int | None
    histogram: list[TimesUpTo]


class Usage(TypedDict):
    """What visitors did, in parts and in total."""

    period: Period
    since: str
    until: str
    parts: list[PartOfUsage]
    total: Counts
    refused: list[CodeCount]
    failed: list[CodeCount]
    observed: list[CodeCount]
    answerTimes: Times
    firstWordTimes: Times
    dailyBudget: float | None
    spentToday: float | None


class ClientTokenUsage(TypedDict):
    """The usage of a client token. It is some seconds late."""

    usage: Usage


class Refusal(TypedDict):
    """What pages of one origin were refused with one error."""

    code: str
    origin: str | None
    isObserved: bool
    count: int
    firstAt: str
    lastAt: str
    requestId: str


class ClientTokenRefusalsListed(TypedDict):
    """What was refused, the most frequent first. It is some seconds late."""

    since: str
    until: str
    refusals: list[Refusal]


def usage(token: ClientToken, found: Report, held_today: int | None) -> ClientTokenUsage:
    """`held_today`: of the daily budget, in picodollars. None if the token has none."""
    total = found.total
    return {
        "usage": {
            "period": found.span.period,
            "since": timestamps.to_text(found.span.since),
            "until": timestamps.to_text(found.span.until),
            "parts": [{"start": timestamps.to_text(start), **_counts(part)} for start, part in found.parts],
            "total": _counts(total),
            "refused": _by_code(total.refused),
            "failed": _by_code(total.failed),
            "observed": _by_code(total.observed),
            "answerTimes": _times(total.answer_times),
            "firstWordTimes": _times(total.first_word_times),
            "dailyBudget": token.settings.daily_budget,
            "spentToday": None if held_today is None else daily_budget.to_dollars(held_today),
        }
    }


def refusals(asked: Span, groups: Iterable[Group]) -> ClientTokenRefusalsListed:
    return {
        "since": timestamps.to_text(asked.since),
        "until": timestamps.to_text(asked.until),
        "refusals": [
            {
                "code": group.code,
                "origin": group.origin or None,
                "isObserved": group.is_observed,
                "count": group.number,
                "firstAt": group.first,
                "lastAt": group.last,
                "requestId": group.request_id,
            }
            for group in groups
        ],
    }


def _counts(part: Tally) -> Counts:
    return {
        "sessions": part.sessions,
        "messages": part.messages,
        "repeated": part.repeated,
        "paused": part.paused,
        "refused": sum(part.refused.values()),
        "failed": sum(part.failed.values()),
        "observed": sum(part.observed.values()),
        "inputTokens": part.input_tokens,
        "outputTokens": part.output_tokens,
        "cost": daily_budget.to_dollars(part.cost),
    }


def _by_code(counts: Mapping[str, int]) -> list[CodeCount]:
    in_order = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return [{"code": code, "count": count} for code, count in in_order]


def _times(counts: Sequence[int]) -> Times:
    bounds: tuple[int | None, ...] = (*BOUNDS, None)
    return {
        "p50": tally_report.percentile(counts, 50),
        "p95": tally_report.percentile(counts, 95),
        "histogram": [{"milliseconds": bound, "count": count} for bound, count in zip(bounds, counts, strict=True)],
    }
