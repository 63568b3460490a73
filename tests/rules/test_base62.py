"""Base62: text of a fixed length that sorts as the numbers do."""

from hypothesis import given
from hypothesis import strategies as st

from shared.rules import base62

LENGTH = 6
NUMBERS = st.integers(0, 62**LENGTH - 1)


# Number and length -> text.
ENCODED = {
    (0, 3): "000",
    (9, 1): "9",
    (10, 1): "A",
    (35, 1): "Z",
    (36, 1): "a",
    (61, 1): "z",
    (62, 2): "10",
    (62, 4): "0010",
    (62**6 - 1, 6): "zzzzzz",
    (62**6 + 1, 6): "000001",
}


def test_alphabet_is_digits_capitals_then_small_letters():
    assert {case: base62.encode(*case) for case in ENCODED} == ENCODED


@given(NUMBERS, NUMBERS)
def test_text_of_equal_length_sorts_like_its_numbers(one, other):
    first, second = base62.encode(one, LENGTH), base62.encode(other, LENGTH)
    assert len(first) == len(second) == LENGTH
    assert (first < second, first == second) == (one < other, one == other)
