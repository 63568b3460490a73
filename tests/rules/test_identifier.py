"""Identifiers: they sort by time, and invalid ones are recognized without reading the table."""

from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from shared.rules import identifier

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The specification's example, decoded by hand.
EXAMPLE = "ct_01arz3ndektsv4rrffq69g5fav"
EXAMPLE_MILLISECONDS = 0x01563E3AB5D3
EXAMPLE_RANDOM = bytes.fromhex("d6764c61efb99302bd5b")

MILLISECONDS = st.integers(0, 4_102_444_800_000)
RANDOM = st.binary(min_size=10, max_size=10)


def new(milliseconds, random, prefix="ct"):
    return identifier.new(prefix, EPOCH + timedelta(milliseconds=milliseconds), lambda length: random[:length])


def test_id_is_a_prefix_and_a_ulid():
    assert new(EXAMPLE_MILLISECONDS, EXAMPLE_RANDOM) == EXAMPLE


def test_id_has_eighty_random_bits():
    asked = []
    identifier.new("ct", EPOCH, lambda length: asked.append(length) or bytes(length))
    assert sum(asked) == 10


@given(MILLISECONDS, MILLISECONDS, RANDOM, RANDOM)
# As floating-point seconds, these two would fall into the same millisecond.
@example(2_176_355_803_745, 2_176_355_803_746, b"\xff" * 10, bytes(10))
@example(0, 1, b"\xff" * 10, bytes(10))
def test_ids_sort_by_the_millisecond_they_were_made_in(first, second, one, other):
    if first < second:
        assert new(first, one) < new(second, other)
    if second < first:
        assert new(second, other) < new(first, one)


@given(MILLISECONDS, RANDOM)
def test_id_is_valid_for_its_own_prefix_only(milliseconds, random):
    made = new(milliseconds, random)
    assert identifier.is_valid("ct", made)
    assert not identifier.is_valid("key", made)


# Text -> why it is not an id.
OTHER_TEXT = {
    "": "nothing",
    "ct": "no id",
    "ct_": "no id",
    EXAMPLE[3:]: "no prefix",
    f"_{EXAMPLE[3:]}": "an empty prefix",
    f"CT_{EXAMPLE[3:]}": "a prefix in capitals",
    f"key_{EXAMPLE[3:]}": "another prefix",
    f"ct_{EXAMPLE}": "two prefixes",
    EXAMPLE.upper().replace("CT_", "ct_"): "capitals",
    EXAMPLE[:-1]: "too short",
    f"{EXAMPLE}0": "too long",
    f"{EXAMPLE}\n": "a closing line break",
    f" {EXAMPLE}": "a leading space",
    "ct_81arz3ndektsv4rrffq69g5fav": "more than 128 bits",
    "ct_\u06601arz3ndektsv4rrffq69g5fav": "a digit that is not ASCII",
}


def test_other_text_is_not_an_id():
    assert [why for text, why in OTHER_TEXT.items() if identifier.is_valid("ct", text)] == []


@given(
    st.integers(3, len(EXAMPLE) - 1),
    st.characters(exclude_characters="0123456789abcdefghjkmnpqrstvwxyz"),
)
@example(28, "i")
@example(28, "l")
@example(28, "o")
@example(28, "u")
def test_letter_outside_the_alphabet_is_invalid(place, letter):
    assert not identifier.is_valid("ct", EXAMPLE[:place] + letter + EXAMPLE[place + 1 :])
