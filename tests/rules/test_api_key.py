"""API keys: issued keys are recognized, mistyped ones are not, and a record never reveals the key."""

import hashlib
import string
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from secrets import token_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules import api_key
from shared.rules.principal import Principal

AT = datetime(2026, 11, 24, 3, 25, 36, tzinfo=UTC)
# The last six characters are the CRC-32 of the others, taken from a gzip file and converted by hand.
KNOWN = ["ctk_000000000000000000000000000000002Xegly", "ctk_0123456789ABCDEFGHIJKLMNOPQRSTUV2A6FSH"]
MISSHAPEN = [
    "ctk_--------------------------------2BNSRw",
    "CTK_000000000000000000000000000000001JOzmR",
    "ctk_00000000000000000000000000000003E5MI1",
    "ctk_0000000000000000000000000000000002qzIGQ",
    "ctk_0iDlxM",
]
BASE62 = string.digits + string.ascii_letters


def mint(random_bytes=token_bytes, expires_at=None):
    return api_key.mint(
        "tenant-1", "Deploys", ("tokens:read",), at=AT, expires_at=expires_at, random_bytes=random_bytes
    )


@given(st.binary(min_size=32, max_size=32))
def test_minted_keys_are_well_formed_and_prefixed(random):
    value, _ = mint(lambda length: random[:length])
    assert api_key.is_well_formed(value)
    assert value.startswith("ctk_")
    assert len(value) == 42
    assert set(value[4:]) <= set(BASE62)


@pytest.mark.parametrize("value", KNOWN)
def test_checksum_is_crc_32(value):
    assert api_key.is_well_formed(value)


def test_a_key_holds_190_random_bits():
    """Each random bit changes the key, so none is lost."""
    zeros = mint(bytes)[0]
    others = {mint(lambda length, bit=bit: (1 << bit).to_bytes(32)[:length])[0] for bit in range(190)}
    assert len(others - {zeros}) == 190


def test_no_two_keys_are_alike():
    assert len({mint()[0] for _ in range(100)} | {mint()[1].id for _ in range(100)}) == 200


@pytest.mark.parametrize("value", KNOWN)
def test_every_wrong_character_fails_the_checksum(value):
    for place in range(len(value)):
        for letter in BASE62 + "_- \n\u00e9":
            mistyped = value[:place] + letter + value[place + 1 :]
            assert api_key.is_well_formed(mistyped) == (mistyped == value), mistyped


@pytest.mark.parametrize("value", KNOWN)
def test_two_swapped_characters_fail_the_checksum(value):
    for place in range(len(value) - 1):
        mistyped = value[:place] + value[place + 1] + value[place] + value[place + 2 :]
        assert api_key.is_well_formed(mistyped) == (mistyped == value), mistyped


@pytest.mark.parametrize("value", KNOWN)
def test_truncated_or_extended_key_is_rejected(value):
    parts = [value[:length] for length in range(len(value))] + [value[length:] for length in range(1, len(value))]
    more = [f"{value}{tail}" for tail in ("0", "\n", " ", "=")] + [f"{head}{value}" for head in (" ", "\n", "ctk_")]
    assert [text for text in [*parts, *more] if api_key.is_well_formed(text)] == []


@pytest.mark.parametrize("value", MISSHAPEN)
def test_correct_checksum_does_not_excuse_a_wrong_format(value):
    assert not api_key.is_well_formed(value)


@given(st.text())
def test_arbitrary_text_is_rejected_without_an_exception(text):
    assert not api_key.is_well_formed(text)


def test_record_holds_only_a_digest_and_hint_of_the_value():
    value, key = mint()
    assert key.digest == hashlib.sha256(value.encode()).hexdigest()
    assert key.hint == value[-4:]
    kept = repr({name: kept for name, kept in asdict(key).items() if name != "digest"})
    assert [value[start : start + 5] for start in range(len(value) - 4) if value[start : start + 5] in kept] == []


def test_key_authenticates_its_tenant_with_its_scopes():
    _, key = mint()
    assert key.principal() == Principal(key.id, "tenant-1", ("tokens:read",), key.expires_at)
    assert key.id.startswith("key_")
    assert (key.name, key.created_at, key.expires_at) == ("Deploys", AT, None)


@pytest.mark.parametrize(
    ("lifetime", "age", "is_expired"),
    [
        (None, timedelta(days=36_500), False),
        (timedelta(days=1), timedelta(days=1, milliseconds=-1), False),
        (timedelta(days=1), timedelta(days=1), True),
        (timedelta(days=1), timedelta(days=2), True),
    ],
)
def test_a_key_works_until_the_moment_it_expires(lifetime, age, is_expired):
    _, key = mint(expires_at=lifetime and AT + lifetime)
    assert key.is_expired(AT + age) is is_expired
