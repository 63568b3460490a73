"""What an answer costs: exact, and never less than what is reserved for it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from shared.rules.answer import Usage
from shared.rules.price import PICODOLLARS, Price

NOVA = Price(input_price=Decimal("0.06"), output_price=Decimal("0.24"))


def used(input_tokens, output_tokens):
    return Usage(input_tokens=input_tokens, output_tokens=output_tokens)


def test_a_million_tokens_cost_their_price():
    assert NOVA.cost(used(1_000_000, 0)) == 6 * PICODOLLARS // 100
    assert NOVA.cost(used(0, 1_000_000)) == 24 * PICODOLLARS // 100
    assert Price(call_price=Decimal("0.000001")).cost(used(0, 0)) == PICODOLLARS // 1_000_000


def test_costs_add_up_without_rounding():
    least = Price(input_price=Decimal("0.000001"))
    assert sum(least.cost(used(1, 0)) for _ in range(1_000)) == least.cost(used(1_000, 0)) == 1_000


def test_target_without_a_price_has_none():
    assert Price.from_settings({"model_id": "m", "max_tokens": 5}) is None
    assert Price.from_settings({"call_price": "0"}) == Price()
    assert Price.from_settings({"input_price": "0.06", "output_price": 0.24, "model": "m"}) == NOVA


@pytest.mark.parametrize("text", ["a" * 1000, "é" * 500, "🍵" * 250, "\x00" * 1000])
def test_worst_case_counts_every_byte_as_a_token(text):
    worst = NOVA.worst(input_bytes=len(text.encode()), messages=1, output_tokens=500)
    assert worst > NOVA.cost(used(len(text.encode()), 500))


@pytest.mark.parametrize("price", [NOVA, replace(NOVA, input_price=Decimal(0)), replace(NOVA, output_price=Decimal(0))])
def test_unknown_usage_costs_the_worst(price):
    assert price.actual(None, worst=77) == 77
    assert price.actual(used(0, 0), worst=77) == 0


def test_call_has_the_same_price_with_and_without_usage():
    price = Price(call_price=Decimal("0.01"))
    assert price.actual(None, worst=77) == price.actual(used(5, 5), worst=77) == PICODOLLARS // 100


def test_more_than_the_worst_is_booked_all_the_same():
    assert NOVA.actual(used(10**9, 0), worst=77) == NOVA.cost(used(10**9, 0))


@pytest.mark.parametrize(
    "counts",
    [
        (None, None),
        (1, None),
        (-1, 1),
        (1, -1),
        ("1", 1),
        (1.0, 1),
        (True, 1),
        (1, False),
        ([], {}),
        (10**9 + 1, 1),
        (1, 10**30),
    ],
)
def test_invalid_usage_is_unknown(counts):
    assert Usage.from_counts(*counts) is None


def test_usage_is_as_the_target_reports_it():
    assert Usage.from_counts(12, 0) == used(12, 0)
