"""A tally: what visitors did with one client token in one hour.

Tallies of the same hour add up, in any order: the sums are those of all their lines. Only the list of origins depends
on the order once there are more than it can hold: it keeps the busiest, and counts the rest together.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from shared.rules import timestamps
from shared.rules.tally_line import Line

# Stands for what did not fit. No code of ours and no origin is called so.
OTHER = "other"
ORIGINS_MAX = 10
CODES_MAX = 40
# In milliseconds: an answer is counted at the first bound that it does not exceed, or after the last one.
BOUNDS = (100, 250, 500, 1000, 2000, 3000, 5000, 8000, 12_000, 20_000, 30_000, 60_000, 120_000, 300_000)
# CloudWatch and Lambda together deliver a line for little more than a day.
DELIVERED_WITHIN = timedelta(days=2)
_CLOCKS_DIFFER = timedelta(hours=1)
# A rotated token has at most five previous values that work.
_PREVIOUS_VALUES_MAX = 6


class Group(NamedTuple):
    """Requests of one page with one result. `code`: of the error. `is_observed`: it was not enforced.

    `origin`: empty without one. `first`, `last`: as texts that sort. `request_id`: of the last.
    """

    code: str
    origin: str
    is_observed: bool
    number: int
    first: str
    last: str
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """`sessions`: opened. `messages`: answered by the target. `repeated`: answered from what was stored. `paused`: how
    often an answer waited for the page. `cost`: in picodollars.

    `refused` and `failed`: by code, on the visitor's side and on ours or the target's. `observed`: by code, what was
    admitted and would have been refused. `groups`: what was refused or observed, by code and origin.
    `answer_times` and `first_word_times`: of the answered messages, how many in each of the BOUNDS, and above the last.
    """

    sessions: int = 0
    messages: int = 0
    repeated: int = 0
    paused: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0
    refused: Mapping[str, int]
    failed: Mapping[str, int]
    observed: Mapping[str, int]
    groups: Sequence[Group] = ()
    answer_times: Sequence[int]
    first_word_times: Sequence[int]


def of_lines(lines: Sequence[Line]) -> Tally:
    """`lines`: of one client token."""
    outcomes = Counter(line.outcome for line in lines)
    answered = [line for line in lines if line.outcome == "answered"]
    groups: dict[tuple[str, str, bool], Group] = {}
    for line in lines:
        for code, is_observed in _answers_no(line):
            group = _group_of(line, code, is_observed=is_observed)
            groups[group[:3]] = joined(groups[group[:3]], group) if group[:3] in groups else group
    return Tally(
        sessions=outcomes["opened"],
        messages=outcomes["answered"],
        repeated=outcomes["repeated"],
        paused=outcomes["paused"],
        input_tokens=sum(line.input_tokens for line in lines),
        output_tokens=sum(line.output_tokens for line in lines),
        cost=sum(line.cost for line in lines),
        refused=_bounded(Counter(line.code for line in lines if line.code and not line.has_failed)),
        failed=_bounded(Counter(line.code for line in lines if line.has_failed)),
        observed=_bounded(Counter(line.observed for line in lines if line.observed)),
        groups=_busiest(groups.values()),
        answer_times=_histogram(line.milliseconds for line in answered),
        first_word_times=_histogram(
            line.first_byte_milliseconds for line in answered if line.first_byte_milliseconds is not None
        ),
    )


def add(one: Tally, other: Tally) -> Tally:
    groups = {group[:3]: group for group in one.groups}
    for group in other.groups:
        groups[group[:3]] = joined(groups[group[:3]], group) if group[:3] in groups else group
    return Tally(
        sessions=one.sessions + other.sessions,
        messages=one.messages + other.messages,
        repeated=one.repeated + other.repeated,
        paused=one.paused + other.paused,
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cost=one.cost + other.cost,
        refused=_bounded(Counter(one.refused) + Counter(other.refused)),
        failed=_bounded(Counter(one.failed) + Counter(other.failed)),
        observed=_bounded(Counter(one.observed) + Counter(other.observed)),
        groups=_busiest(groups.values()),
        answer_times=[sum(pair) for pair in zip(one.answer_times, other.answer_times, strict=True)],
        first_word_times=[sum(pair) for pair in zip(one.first_word_times, other.first_word_times, strict=True)],
    )


def hour_of(at: datetime) -> str:
    """Such as `2026-11-26T10`, in UTC."""
    return at.astimezone(UTC).isoformat()[: len("2026-11-26T10")]


def is_open(hour: str, at: datetime) -> bool:
    """Whether lines of this hour may still be counted: none that is older is delivered for the first time."""
    return hour_of(at - DELIVERED_WITHIN) <= hour <= hour_of(at + _CLOCKS_DIFFER)


def last_uses(lines: Iterable[Line]) -> dict[str, str]:
    """Of one client token: the digest of a previous value -> when it was last used."""
    uses: dict[str, str] = {}
    for line in lines:
        if line.previous_value:
            uses[line.previous_value] = max(uses.get(line.previous_value, ""), timestamps.to_text(line.at))
    return newest_uses(uses, {})


def newest_uses(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    latest = {name: max(one.get(name, ""), other.get(name, "")) for name in one.keys() | other.keys()}
    newest = sorted(latest.items(), key=lambda use: (use[1], use[0]), reverse=True)
    return dict(newest[:_PREVIOUS_VALUES_MAX])


def _answers_no(line: Line) -> Iterable[tuple[str, bool]]:
    if line.code and not line.has_failed:
        yield line.code, False
    if line.observed:
        yield line.observed, True


def _group_of(line: Line, code: str, *, is_observed: bool) -> Group:
    at = timestamps.to_text(line.at)
    return Group(code, line.origin, is_observed, 1, at, at, line.request_id)


def joined(one: Group, other: Group) -> Group:
    """Under the key of the first."""
    last, request_id = max((one.last, one.request_id), (other.last, other.request_id))
    return one._replace(
        number=one.number + other.number, first=min(one.first, other.first), last=last, request_id=request_id
    )


def _busiest(groups: Collection[Group]) -> tuple[Group, ...]:
    """Those that were counted most often, with one more per code for the rest."""
    in_order = sorted(groups, key=lambda group: (-group.number, group.first, group[:3]))
    named = [group for group in in_order if group.origin != OTHER]
    rest: dict[tuple[str, str, bool], Group] = {}
    for group in [*(group for group in in_order if group.origin == OTHER), *named[ORIGINS_MAX:]]:
        key = (group.code, OTHER, group.is_observed)
        if key not in rest and len(rest) >= CODES_MAX:
            key = (OTHER, OTHER, group.is_observed)
        rest[key] = joined(rest[key], group) if key in rest else group._replace(code=key[0], origin=OTHER)
    return (*sorted(named[:ORIGINS_MAX]), *sorted(rest.values()))


def _bounded(counts: Counter[str]) -> dict[str, int]:
    if len(counts) <= CODES_MAX:
        return dict(sorted(counts.items()))
    kept = sorted(counts, key=lambda code: (code != OTHER, -counts[code], code))[: CODES_MAX - 1]
    rest = counts.total() - sum(counts[code] for code in kept)
    return dict(sorted((Counter({code: counts[code] for code in kept}) + Counter({OTHER: rest})).items()))


def _histogram(times: Iterable[int]) -> list[int]:
    counts = [0] * (len(BOUNDS) + 1)
    for milliseconds in times:
        counts[bisect_left(BOUNDS, milliseconds)] += 1
    return counts
