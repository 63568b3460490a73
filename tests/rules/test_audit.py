"""What a record of the trail says about a change, and what it never says."""

from dataclasses import replace
from datetime import timedelta

from shared.rules import audit
from shared.rules.client_token import Previous
from tests.wire.samples import AT, token

TOKEN = token()


def changed(**terms):
    return audit.changes(TOKEN, replace(TOKEN, terms=replace(TOKEN.terms, **terms)))


def test_only_what_differs_as_json_has_it():
    assert changed() == {}
    assert changed(name="Tea", flow_ids=(), expires_at=None) == {
        "name": ("Shop", "Tea"),
        "flow_ids": (["flow_1", "flow_2"], []),
        "expires_at": ("2027-01-31T00:00:00.000Z", None),
    }


def test_a_config_is_named_and_not_quoted():
    assert changed(config={"theme": "secret"}) == {"config": None}


def test_of_a_new_token_what_is_not_as_by_default():
    new = audit.changes(None, replace(TOKEN, terms=replace(TOKEN.terms, config={}, pin_to_version="latest")))
    assert new["name"] == (None, "Shop")
    assert new["environment"] == (None, "test")
    assert {"config", "pin_to_version"}.isdisjoint(new)


def test_of_a_new_value_only_how_long_the_old_one_works():
    previous = Previous(digest="d", jti="j", valid_until=AT + timedelta(hours=1))
    seal = replace(TOKEN.seal, digest="other", key_arn="other", prefix="other", hint="other")
    assert audit.changes(TOKEN, replace(TOKEN, seal=seal, previous=(previous,), revision=7)) == {
        "previous_values_expire_at": ([], ["2026-11-24T04:25:36.123Z"])
    }
