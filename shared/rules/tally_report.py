"""What owners read of the tallies of a client token: sums by hour or day, times, and what was refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Literal

from shared.errors import Detail, InvalidRequest
from shared.rules import tally
from shared.rules.tally import BOUNDS, Group, Tally

Period = Literal["day", "hour"]
_LENGTHS: Mapping[Period, timedelta] = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
_SHOWN: Mapping[Period, int] = {"hour": 24, "day": 30}
_MOST: Mapping[Period, int] = {"hour": 168, "day": 31}


@dataclass(frozen=True, slots=True)
class Span:
    """Whole hours or days in UTC. `until`: not included."""

    period: Period
    since: datetime
    until: datetime

    def starts(self) -> list[datetime]:
        length = _LENGTHS[self.period]
        return [self.since + number * length for number in range((self.until - self.since) // length)]


@dataclass(frozen=True, slots=True)
class Report:
    """`parts`: of each period of the span, also those without a request."""

    span: Span
    parts: Sequence[tuple[datetime, Tally]]
    total: Tally


def span(period: Period, since: datetime | None, until: datetime | None, at: datetime) -> Span:
    """Without limits: the last 24 hours or 30 days, with the current one. Raises InvalidRequest."""
    try:
        whole = _whole(period, since, until, at)
    except OverflowError:
        # The calendar ends before the last whole hour.
        raise _out_of_range("until", "is out of range") from None
    if whole.since >= whole.until:
        raise _out_of_range("since", "must be before until")
    if whole.until - whole.since > _MOST[period] * _LENGTHS[period]:
        raise _out_of_range("since", f"must be at most {_MOST[period]} {period}s before until")
    return whole


def _whole(period: Period, since: datetime | None, until: datetime | None, at: datetime) -> Span:
    length = _LENGTHS[period]
    end = _floor(period, (until or at + length).astimezone(UTC))
    if until and end < until:
        end += length
    return Span(period, _floor(period, since.astimezone(UTC)) if since else end - _SHOWN[period] * length, end)


def _out_of_range(field: str, message: str) -> InvalidRequest:
    return InvalidRequest.from_details(Detail(field, message, "out_of_range"))


def report(asked: Span, hours: Iterable[tuple[str, Tally]]) -> Report:
    """`hours`: in any order."""
    nothing = tally.of_lines([])
    parts = dict.fromkeys(asked.starts(), nothing)
    for hour, counted in hours:
        start = _floor(asked.period, datetime.fromisoformat(f"{hour}:00+00:00"))
        parts[start] = tally.add(parts[start], counted)
    return Report(asked, list(parts.items()), reduce(tally.add, parts.values(), nothing))


def percentile(times: Sequence[int], percent: int) -> int | None:
    """The bound that this share of the answers does not exceed, in milliseconds. The last also stands for longer ones.

    None without answers.
    """
    wanted, seen = sum(times) * percent, 0
    for number, bound in zip(times, (*BOUNDS, BOUNDS[-1]), strict=True):
        seen += number * 100
        if number and seen >= wanted:
            return bound
    return None


def refusals(hours: Iterable[tuple[str, Tally]]) -> list[Group]:
    """By code and origin, the most frequent first."""
    groups: dict[tuple[str, str, bool], Group] = {}
    for _, counted in hours:
        for group in counted.groups:
            groups[group[:3]] = tally.joined(groups[group[:3]], group) if group[:3] in groups else group
    return sorted(groups.values(), key=lambda group: (-group.number, group[:3]))


def _floor(period: Period, at: datetime) -> datetime:
    whole = at.replace(minute=0, second=0, microsecond=0)
    return whole.replace(hour=0) if period == "day" else whole
