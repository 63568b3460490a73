"""Tallies add up: whatever lines come together, in any order, the sums are those of all lines."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules import tally
from shared.rules.tally import BOUNDS, CODES_MAX, ORIGINS_MAX, OTHER
from shared.rules.tally_line import Line

AT = datetime(2026, 11, 26, 10, 59, 59, 999_000, tzinfo=UTC)
TOKEN = "ct_00000000000000000000000000"


def line(**fields):
    empty = {"request_id": "r", "code": "", "observed": "", "origin": "", "outcome": "", "previous_value": ""}
    numbers = {"status": 200, "milliseconds": 900, "first_byte_milliseconds": None}
    tokens = {"input_tokens": 0, "output_tokens": 0, "cost": 0}
    return Line(**{"token_id": TOKEN, "at": AT} | empty | numbers | tokens | fields)


def refused(origin, code="origin_not_allowed", **fields):
    return line(status=403, code=code, origin=origin, **fields)


lines = st.builds(
    lambda kind, origin, second, tokens, milliseconds: line(
        **kind,
        origin=origin if "code" in kind or "observed" in kind else "",
        at=AT - timedelta(seconds=second),
        request_id=f"r{second}",
        input_tokens=tokens,
        cost=tokens * 3,
        milliseconds=milliseconds,
        first_byte_milliseconds=milliseconds // 2,
    ),
    st.sampled_from(
        [
            {"outcome": "opened"},
            {"outcome": "answered"},
            {"outcome": "repeated"},
            {"outcome": "paused"},
            {"outcome": "answered", "observed": "origin_not_allowed"},
            {"code": "origin_not_allowed", "status": 403},
            {"code": "rate_limited", "status": 429},
            {"code": "target_failed", "status": 502},
            {"code": "unavailable", "status": 200},
        ]
    ),
    st.sampled_from(["", *(f"https://{number}.example" for number in range(14))]),
    st.integers(0, 3000),
    st.integers(0, 10**9),
    st.integers(0, 400_000),
)


def sums(whole):
    """All but how the rest of the origins is named."""
    groups = Counter()
    for group in whole.groups:
        groups[group.code, group.is_observed] += group.number
    counts = {name: getattr(whole, name) for name in tally.Tally.__dataclass_fields__ if name != "groups"}
    return {name: list(one) if isinstance(one, tuple) else one for name, one in counts.items()}, groups


@given(st.lists(st.lists(lines, max_size=12), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_any_split_in_any_order_gives_the_same_sums(batches, random):
    whole = tally.of_lines([one for batch in batches for one in batch])
    random.shuffle(batches)
    parts = reduce(tally.add, (tally.of_lines(batch) for batch in batches))
    assert sums(parts) == sums(whole)
    if len({one.origin for batch in batches for one in batch}) <= ORIGINS_MAX // 3:
        assert parts == whole
    assert len([group for group in parts.groups if group.origin != OTHER]) <= ORIGINS_MAX


@given(st.lists(lines, max_size=30))
def test_groups_add_up_to_the_counts_by_code(batch):
    whole = tally.of_lines(batch)
    of_groups = Counter()
    for group in whole.groups:
        of_groups[group.code, group.is_observed] += group.number
    counts = {(code, False): number for code, number in whole.refused.items()}
    counts |= {(code, True): number for code, number in whole.observed.items()}
    assert of_groups == counts


def test_200_origins_take_the_room_of_ten_and_one():
    flood = [refused(f"https://{number}.example") for number in range(200)]
    whole = reduce(tally.add, (tally.of_lines(flood[start : start + 7]) for start in range(0, 200, 7)))
    assert len(whole.groups) == ORIGINS_MAX + 1
    (rest,) = (group for group in whole.groups if group.origin == OTHER)
    assert (rest.code, rest.number) == ("origin_not_allowed", 190)
    assert whole.refused == {"origin_not_allowed": 200}


def test_busy_origin_is_named_though_a_flood_came_first():
    flood = tally.of_lines([refused(f"https://{number}.example") for number in range(200)])
    site = tally.of_lines([refused("https://shop.example")] * 2)
    assert ("https://shop.example", 2) in [(group.origin, group.number) for group in tally.add(flood, site).groups]


def test_thousands_of_codes_take_the_room_of_forty():
    flood = [refused("null", code=f"code_{number}") for number in range(5000)]
    whole = reduce(tally.add, (tally.of_lines(flood[start : start + 500]) for start in range(0, 5000, 500)))
    assert sum(whole.refused.values()) == sum(group.number for group in whole.groups) == 5000
    assert len(whole.refused) <= CODES_MAX
    assert len(whole.groups) <= ORIGINS_MAX + CODES_MAX + 2


def test_group_knows_first_last_and_the_request_of_the_last():
    early, late = AT - timedelta(minutes=5), AT - timedelta(minutes=1)
    shown = [refused("null", at=late, request_id="late"), refused("null", at=early, request_id="early")]
    (group,) = tally.of_lines(shown).groups
    assert (group.first, group.last, group.request_id) == (
        "2026-11-26T10:54:59.999Z", "2026-11-26T10:58:59.999Z", "late"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "code", "refusals", "failures"),
    [
        (200, "", {}, {}),
        (403, "origin_not_allowed", {"origin_not_allowed": 1}, {}),
        (502, "target_failed", {}, {"target_failed": 1}),
        (503, "unavailable", {}, {"unavailable": 1}),
        # An answer that was interrupted.
        (200, "target_failed", {}, {"target_failed": 1}),
    ],
)
def test_code_is_a_refusal_or_a_failure(status, code, refusals, failures):
    whole = tally.of_lines([line(status=status, code=code)])
    assert (whole.refused, whole.failed) == (refusals, failures)


def test_times_are_those_of_answered_messages():
    shown = [line(outcome="answered", milliseconds=ms, first_byte_milliseconds=90) for ms in (100, 101, 300_001)]
    whole = tally.of_lines([*shown, line(outcome="repeated", milliseconds=5), line(outcome="opened", milliseconds=5)])
    assert list(whole.answer_times) == [1, 1, *[0] * (len(BOUNDS) - 2), 1]
    assert list(whole.first_word_times) == [3, *[0] * len(BOUNDS)]


def test_hour_is_that_of_utc():
    assert tally.hour_of(AT) == "2026-11-26T10"
    assert tally.hour_of(AT + timedelta(milliseconds=1)) == "2026-11-26T11"
    assert tally.hour_of(AT.astimezone(None)) == "2026-11-26T10"


@pytest.mark.parametrize(
    ("ago", "is_open"),
    [
        (timedelta(0), True), (timedelta(days=2), True), (timedelta(days=2, hours=1), False),
        (timedelta(days=14), False), (-timedelta(hours=1), True), (-timedelta(hours=2), False),
    ],
)  # fmt: skip
def test_hours_long_past_and_in_the_future_are_closed(ago, is_open):
    assert tally.is_open(tally.hour_of(AT - ago), AT) is is_open


def test_last_use_of_each_previous_value_is_kept():
    early = AT - timedelta(minutes=5)
    uses = tally.last_uses([line(previous_value="a"), line(previous_value="a", at=early), line()])
    assert uses == {"a": "2026-11-26T10:59:59.999Z"}
    many = {f"value{number}": f"2026-11-{number:02}" for number in range(1, 20)}
    newest = tally.newest_uses(many, {"value1": "2026-11-30"})
    assert list(newest) == ["value1", "value19", "value18", "value17", "value16", "value15"]
