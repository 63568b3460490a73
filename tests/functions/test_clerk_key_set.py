"""Clerk's key set: fetched from one address, bounded in size and time, and not too often."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from shared import credentials
from tests.functions.clerk import DEEP, KEY_SET_PATH, Issuer
from tests.functions.conftest import Management
from tests.functions.test_credentials import LIST


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'{"keys": 5}', b'{"keys": [5]}', DEEP, b" " * 1_000_001])
def test_503_for_an_unreadable_key_set(clerk, status, body):
    clerk.body = body
    assert status(clerk.token()) == 503


def test_200_key_set_of_a_host_that_blocks_pythons_user_agent(clerk, status):
    """As Cloudflare does, which serves Clerk's keys."""
    clerk.blocked = "python-urllib"
    assert status(clerk.token()) == 200


@pytest.mark.parametrize("other", [{"kty": "EC"}, {"kty": None}, {"use": "enc"}, {"kid": None}])
def test_other_keys_of_the_key_set_verify_nothing(clerk, status, other):
    """Not RSA, not for signatures, or without an id. They don't make the set unreadable, either."""
    changed = clerk.public_key("kid-2") | other
    others = {name: value for name, value in changed.items() if value is not None}
    clerk.body = json.dumps({"keys": [others, clerk.public_key("kid-1")]}).encode()
    assert status(clerk.token()) == 200
    assert status(clerk.token(header={"kid": "kid-2"}, sub="user_2")) == 401
    with pytest.raises(credentials.CredentialRejected):
        credentials._PublicKeys().find("kid-2", datetime.now(UTC))


def test_503_for_a_key_set_that_is_too_large(clerk, status):
    clerk.body = json.dumps({"keys": [clerk.public_key("kid-1")], "padding": "x" * 1_000_000}).encode()
    assert status(clerk.token()) == 503


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_503_when_the_key_set_redirects(clerk, status, code):
    elsewhere = Issuer()
    clerk.status, clerk.redirect = code, elsewhere.url + KEY_SET_PATH
    assert status(clerk.token()) == 503
    clerk.redirect = clerk.url + KEY_SET_PATH
    assert status(clerk.token(sub="user_2")) == 503
    assert (clerk.fetched, elsewhere.fetched) == (1, 0)
    elsewhere.stop()


def test_503_for_an_unreachable_key_set(app, clerk):
    clerk.stop()
    answer = Management(app, "user_1", clerk.token()).get(LIST)
    assert answer.status_code == 503
    assert answer.json["code"] == "unavailable"


def test_503_key_set_is_fetched_at_most_every_ten_seconds_if_down(clerk):
    """Otherwise made-up tokens could keep all of the account's functions waiting."""
    keys, start = credentials._PublicKeys(), datetime(2026, 11, 24, tzinfo=UTC)
    good, clerk.body = clerk.body, b"{}"
    for second in range(11):
        with pytest.raises(credentials.Unavailable):
            keys.find("kid-1", start + timedelta(seconds=second))
    assert clerk.fetched == 2
    clerk.body = good
    assert keys.find("kid-1", start + timedelta(seconds=20))["kid"] == "kid-1"


def test_503_for_a_new_key_while_the_key_set_is_unavailable(clerk):
    """A 401 would be cached by API Gateway."""
    keys, start = credentials._PublicKeys(), datetime(2026, 11, 24, tzinfo=UTC)
    assert keys.find("kid-1", start)["kid"] == "kid-1"
    clerk.body = b"{}"
    for second in (10, 11, 19):
        with pytest.raises(credentials.Unavailable):
            keys.find("kid-2", start + timedelta(seconds=second))
        assert keys.find("kid-1", start + timedelta(seconds=second))["kid"] == "kid-1"
    clerk.body = json.dumps({"keys": [clerk.public_key("kid-2")]}).encode()
    assert keys.find("kid-2", start + timedelta(seconds=20))["kid"] == "kid-2"


def test_key_set_is_cached_five_minutes_and_refetched_every_ten_seconds(clerk):
    keys, start = credentials._PublicKeys(), datetime(2026, 11, 24, tzinfo=UTC)

    def find(kid, seconds):
        try:
            return keys.find(kid, start + timedelta(seconds=seconds))["kid"]
        except credentials.CredentialRejected:
            return None

    assert [find("kid-1", 0), find("kid-2", 1), find("kid-3", 9)] == ["kid-1", None, None]
    assert clerk.fetched == 1
    clerk.body = json.dumps({"keys": [clerk.public_key("kid-2")]}).encode()
    assert [find("kid-2", 10), find("kid-2", 309)] == ["kid-2", "kid-2"]
    assert clerk.fetched == 2
    # A key that is still known is asked for again, too: Clerk may have revoked it.
    assert find("kid-2", 310) == "kid-2"
    assert clerk.fetched == 3
