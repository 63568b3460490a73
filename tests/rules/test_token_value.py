"""A token's value: the same claims always yield the same value, and a stored digest matches only that value."""

import base64
import hashlib
import hmac
import json
import string
from datetime import UTC, datetime
from secrets import token_bytes

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.rules import token_value
from shared.rules.token_value import Claims

AT = datetime(2026, 11, 24, 3, 25, 36, 987_000, tzinfo=UTC)
ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CLAIMS = Claims(
    iss="https://tokens.example.com",
    sub="ct_01arz3ndektsv4rrffq69g5fav",
    env="live",
    iat=1_795_490_736,
    jti="000102030405060708090a0b0c0d0e0f",
)
BASE64URL = string.ascii_letters + string.digits + "-_"
CLAIM_TEXTS = st.text(st.characters(codec="utf-8"))


def encoded(part):
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def signed(claims, key=b"a key of the test alone", header=b'{"alg":"HS256","typ":"JWT"}'):
    head = f"{encoded(header)}.{encoded(claims.payload())}"
    return f"{head}.{encoded(hmac.digest(key, head.encode(), 'sha256'))}"


VALUE = signed(CLAIMS)
ISSUED_VALUE = token_value.issued_value(VALUE, CLAIMS, ARN)


class TestClaims:
    def test_payload_is_exactly_these_bytes(self):
        """If they change, no value that was ever issued can be shown again."""
        assert CLAIMS.payload() == (
            b'{"iss":"https://tokens.example.com","sub":"ct_01arz3ndektsv4rrffq69g5fav","env":"live",'
            b'"iat":1795490736,"jti":"000102030405060708090a0b0c0d0e0f"}'
        )

    @given(st.builds(Claims, iss=CLAIM_TEXTS, sub=CLAIM_TEXTS, env=CLAIM_TEXTS, iat=st.integers(0), jti=CLAIM_TEXTS))
    def test_payload_round_trips_the_five_claims(self, claims):
        read = json.loads(claims.payload())
        assert list(read) == ["iss", "sub", "env", "iat", "jti"]
        assert Claims(**read).payload() == claims.payload()

    def test_new_claims_hold_the_token_and_the_time(self):
        made = token_value.claims(
            issuer=CLAIMS.iss, subject=CLAIMS.sub, environment="live", at=AT, random_bytes=lambda n: bytes(range(n))
        )
        assert made == CLAIMS

    def test_values_of_a_token_are_unique(self):
        """Otherwise a regeneration within the same second would return the old value."""
        made = {
            token_value.claims(issuer="i", subject="s", environment="live", at=AT, random_bytes=token_bytes).jti
            for _ in range(100)
        }
        assert len(made) == 100
        assert {len(jti) for jti in made} == {32}


class TestIssuedValue:
    def test_digest_matches_its_value(self):
        assert ISSUED_VALUE.matches(VALUE)

    def test_record_holds_what_reveal_and_display_need(self):
        assert ISSUED_VALUE.claims == CLAIMS
        assert ISSUED_VALUE.key_arn == ARN
        assert ISSUED_VALUE.digest == hashlib.sha256(VALUE.encode()).hexdigest()
        assert (ISSUED_VALUE.prefix, ISSUED_VALUE.hint) == (VALUE[:8], VALUE[-4:])
        assert ISSUED_VALUE.prefix == "eyJhbGci"

    def test_record_holds_no_part_of_the_signature(self):
        """Of the 43 characters of the signature, only the last four."""
        signature = VALUE.rpartition(".")[2]
        kept = repr(ISSUED_VALUE).replace(ISSUED_VALUE.digest, "")
        assert [signature[start : start + 5] for start in range(39) if signature[start : start + 5] in kept] == []

    @given(st.integers(0, len(VALUE) - 1), st.sampled_from(BASE64URL + ".=+/ \n") | st.characters(codec="utf-8"))
    def test_digest_matches_no_value_with_a_changed_character(self, place, character):
        assume(VALUE[place] != character)
        assert not ISSUED_VALUE.matches(VALUE[:place] + character + VALUE[place + 1 :])

    def test_digest_matches_no_other_base64_spelling(self):
        """Base64 leaves two bits of the last character unused: four spellings decode to one signature."""
        signature = VALUE.rpartition(".")[2]
        decoded = base64.urlsafe_b64decode(f"{signature}=")
        twins = [c for c in BASE64URL if base64.urlsafe_b64decode(f"{signature[:-1]}{c}=") == decoded]
        assert len(twins) == 4
        assert [c for c in twins if ISSUED_VALUE.matches(VALUE[:-1] + c)] == [VALUE[-1]]

    def test_digest_matches_no_part_of_its_value(self):
        assert [length for length in range(len(VALUE)) if ISSUED_VALUE.matches(VALUE[:length])] == []
        assert [start for start in range(1, len(VALUE)) if ISSUED_VALUE.matches(VALUE[start:])] == []

    @pytest.mark.parametrize("tail", ["=", "==", " ", "\n", "\0", "."])
    def test_digest_matches_no_extended_value(self, tail):
        assert not ISSUED_VALUE.matches(VALUE + tail)

    @pytest.mark.parametrize(
        "value",
        [
            signed(CLAIMS, key=b"another key"),
            f"{VALUE.rpartition('.')[0]}.",
            signed(CLAIMS, header=b'{"alg":"none","typ":"JWT"}').rpartition(".")[0] + ".",
            ISSUED_VALUE.digest,
            "",
        ],
        ids=["another key", "no signature", "no algorithm", "the digest itself", "nothing"],
    )
    def test_value_cannot_be_rebuilt_from_public_fields(self, value):
        assert not ISSUED_VALUE.matches(value)
