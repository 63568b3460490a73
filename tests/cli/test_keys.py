"""API keys on the command line: created, shown once, listed, and revoked."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta

import pytest

from shared import credentials
from shared.errors import Unauthenticated
from shared.rules import digest, timestamps
from shared.rules.principal import SCOPES
from shared.store import api_keys, audit, table
from tests.aws.in_memory import STACK

NOW = datetime(2027, 1, 31, tzinfo=UTC)


def _prove(value, at=None):
    return credentials.authenticate(value, find_api_key=api_keys.find, at=at or datetime.now(UTC))


def _listed(operate, tenant):
    return json.loads(operate("keys", "list", "--tenant", tenant, "--json").out)


def test_created_key_authenticates_its_tenant(operate):
    made = operate("keys", "create", "--tenant", "keys-open", "--name", "CI")
    principal = _prove(made.out.removesuffix("\n"))
    assert (made.status, principal.tenant) == (0, "keys-open")


def test_reveal_scope_must_be_requested(operate):
    made = operate("keys", "create", "--name", "CI")
    assert _prove(made.out.strip()).scopes == ("tokens:read", "tokens:write")
    made = operate("keys", "create", "--name", "CI", "--scopes", ",".join(SCOPES))
    assert _prove(made.out.strip()).scopes == SCOPES


def test_key_list_is_stored_where_no_function_can_read(operate):
    """tests/house checks the roles."""
    operate("keys", "create", "--tenant", "keys-place", "--name", "CI")
    (item,) = table.query("pk = :pk", {":pk": "APIKEYS#keys-place"}, at=None)
    assert item["name"] == "CI"


def test_only_the_value_goes_to_standard_output(operate):
    made = operate("keys", "create", "--tenant", "keys-pipe", "--name", "CI")
    (key,) = _listed(operate, "keys-pipe")
    assert made.out.startswith("ctk_")
    assert made.out.count("\n") == 1
    assert made.out.strip() not in made.err
    assert made.err == (
        f'Created API key {key["id"]} "CI" of tenant keys-pipe.\n'
        "Tenant keys-pipe is new: it had no client token, key, or target before. "
        "If the name is misspelled, take this back.\n"
        "Scopes: tokens:read, tokens:write. Expires: never.\n"
        "This is its value. It is shown only now, and cannot be found out later:\n"
        f"Send it to the API at {STACK.outputs['ApiUrl']} in the header Authorization: Bearer.\n"
    )


def test_json_holds_the_value_and_the_record(operate):
    made = json.loads(operate("keys", "create", "--tenant", "keys-json", "--name", "CI", "--json").out)
    value = made.pop("value")
    assert _prove(value).id == made["id"]
    assert made["hint"] == value[-4:]
    assert _listed(operate, "keys-json") == [made]


def test_scopes_are_deduplicated_and_sorted(operate):
    made = operate("keys", "create", "--name", "CI", "--scopes", "tokens:reveal, tokens:read,tokens:read")
    assert _prove(made.out.strip()).scopes == ("tokens:read", "tokens:reveal")


def test_key_expires_at_its_stated_time(operate):
    made = json.loads(operate("keys", "create", "--name", "CI", "--expires-in-days", "30", "--json").out)
    expires_at = datetime.fromisoformat(made["expiresAt"])
    assert abs(expires_at - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=1)
    assert _prove(made["value"], expires_at - timedelta(seconds=1)).id == made["id"]
    with pytest.raises(Unauthenticated):
        _prove(made["value"], expires_at)
    # The table forgets it then, too.
    stored = table.get(("APIKEY#" + digest.sha256_hex(made["value"]), "RECORD"), at=None)
    assert stored["expires_at"] == expires_at.timestamp()


def test_list_shows_names_and_hints_but_no_value(operate):
    values = [
        operate("keys", "create", "--tenant", "keys-list", "--name", name, "--expires-in-days", "1").out.strip()
        for name in ("Ada's laptop", "CI")
    ]
    shown = operate("keys", "list", "--tenant", "keys-list")
    head, *lines = shown.out.splitlines()
    assert (shown.status, shown.err) == (0, "")
    assert head.split("  ")[0] == "ID"
    # Every column starts where its heading does.
    assert [line[head.index("NAME") :].split("  ")[0] for line in lines] == ["Ada's laptop", "CI"]
    assert [line[head.index("ENDS IN") :][:4] for line in lines] == [value[-4:] for value in values]
    assert not any(value in shown.out for value in values)


@pytest.fixture
def expired(operate):
    """`expired("acme", 3)`: a key of the tenant that expired this many days ago."""

    def expired(tenant, days):
        operate("keys", "create", "--tenant", tenant, "--name", "Old")
        key = api_keys.list_by_tenant(tenant, at=NOW)[-1]
        at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=days)
        old = dataclasses.replace(key, expires_at=at)
        api_keys.add(old, listed_until=at + audit.retention())
        return old

    return expired


def test_expired_key_is_marked_and_cannot_be_revoked(operate, expired):
    key = expired("keys-old", 1)
    at = timestamps.to_text(key.expires_at)
    (_, line) = operate("keys", "list", "--tenant", "keys-old").out.splitlines()
    assert line.endswith(f"  {at} (expired)")
    before = api_keys.list_by_tenant("keys-old", at=NOW)
    refused = operate("keys", "revoke", "--yes", "--tenant", "keys-old", key.id)
    said = f"Error: API key {key.id} of tenant keys-old expired at {at}: nothing is left to revoke.\n"
    assert (refused.status, refused.err) == (1, said)
    assert api_keys.list_by_tenant("keys-old", at=NOW) == before
    assert "Nothing of tenant keys-old is left to revoke" in operate("tenants", "revoke", "--tenant", "keys-old").err


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_keys_past_their_retention_are_not_listed_before_the_ttl_runs(operate, expired, how):
    """DynamoDB's TTL takes days, so these records still exist."""
    tenant = f"keys-past-{how}"
    key = expired(tenant, 4000 if how == "expired" else 1)
    if how == "revoked":
        past = datetime.now(UTC) - timedelta(days=4000)
        api_keys.revoke(key, at=past, listed_until=past + audit.retention())
    assert len(api_keys.list_by_tenant(tenant, at=datetime(2010, 1, 31, tzinfo=UTC))) == 1
    assert _listed(operate, tenant) == []
    refused = operate("keys", "revoke", "--yes", "--tenant", tenant, key.id)
    assert (refused.status, refused.err) == (1, f"Error: Tenant {tenant} has no API key {key.id}.\n")


def test_tenant_lists_and_revokes_only_its_own_keys(operate):
    value = operate("keys", "create", "--tenant", "keys-mine", "--name", "CI").out.strip()
    (key,) = _listed(operate, "keys-mine")
    assert _listed(operate, "keys-theirs") == []
    refused = operate("keys", "revoke", "--yes", "--tenant", "keys-theirs", key["id"])
    assert (refused.status, refused.err) == (1, f"Error: Tenant keys-theirs has no API key {key['id']}.\n")
    assert _prove(value).id == key["id"]


def test_revoked_key_is_rejected_and_stays_listed(operate):
    value = operate("keys", "create", "--tenant", "keys-gone", "--name", "CI").out.strip()
    (key,) = _listed(operate, "keys-gone")
    revoked = operate("keys", "revoke", "--yes", "--tenant", "keys-gone", key["id"])
    assert (revoked.status, revoked.out) == (0, "")
    assert f'Revoked API key {key["id"]} "CI"' in revoked.err
    with pytest.raises(Unauthenticated):
        _prove(value)
    (listed,) = _listed(operate, "keys-gone")
    assert listed == key | {"revokedAt": listed["revokedAt"]}
    assert datetime.fromisoformat(listed["revokedAt"]) <= datetime.now(UTC)
    (_, line) = operate("keys", "list", "--tenant", "keys-gone").out.splitlines()
    assert line.endswith(f"revoked {listed['revokedAt']}")
    again = operate("keys", "revoke", "--yes", "--tenant", "keys-gone", key["id"])
    assert again.status == 1
    said = f"API key {key['id']} of tenant keys-gone was revoked at {listed['revokedAt']}: nothing is left to revoke."
    assert again.err == f"Error: {said}\n"


def test_revoked_key_is_kept_as_long_as_its_audit_records(operate):
    operate("keys", "create", "--tenant", "keys-kept", "--name", "CI", "--expires-in-days", "3000")
    (key,) = _listed(operate, "keys-kept")
    operate("keys", "revoke", "--yes", "--tenant", "keys-kept", key["id"])
    kept = table.get(("APIKEYS#keys-kept", f"APIKEY#{key['id']}"), at=None)
    days = timedelta(seconds=kept["expires_at"] - datetime.now(UTC).timestamp()) / timedelta(days=1)
    assert round(days) == int(STACK.functions["CreateClientToken"].environment["AUDIT_RETENTION_DAYS"])
    assert _listed(operate, "keys-kept")[0]["expiresAt"] == key["expiresAt"]


@pytest.mark.parametrize("revoked", range(3), ids=["oldest", "middle", "newest"])
def test_revoking_one_key_leaves_the_others(operate, revoked):
    tenant = f"keys-three-{revoked}"
    values = [operate("keys", "create", "--tenant", tenant, "--name", name).out.strip() for name in ("a", "b", "c")]
    ids = [_prove(value).id for value in values]
    assert operate("keys", "revoke", "--yes", "--tenant", tenant, ids[revoked]).status == 0
    with pytest.raises(Unauthenticated):
        _prove(values.pop(revoked))
    left = ids[:revoked] + ids[revoked + 1 :]
    assert [_prove(value).id for value in values] == left
    assert [key.id for key in api_keys.list_by_tenant(tenant, at=NOW) if key.revoked_at is None] == left


def test_error_for_a_key_that_was_revoked_meanwhile(operate, at_call):
    operate("keys", "create", "--tenant", "keys-raced", "--name", "CI")
    (key,) = api_keys.list_by_tenant("keys-raced", at=NOW)
    at_call(2, lambda: api_keys.revoke(key, at=NOW, listed_until=NOW))
    refused = operate("keys", "revoke", "--yes", "--tenant", "keys-raced", key.id)
    assert refused.status == 1
    assert refused.err.endswith(f"Error: Tenant keys-raced has no API key {key.id}.\n")


def test_empty_list_prints_nothing_to_standard_output(operate):
    shown = operate("keys", "list", "--tenant", "keys-none")
    assert (shown.status, shown.out, shown.err) == (0, "", "Tenant keys-none has no API keys.\n")
    assert _listed(operate, "keys-none") == []


def test_value_passed_as_an_id_is_not_echoed(operate):
    value = operate("keys", "create", "--name", "CI").out.strip()
    refused = operate("keys", "revoke", "--yes", value)
    assert refused.status == 2
    assert "This is not the id of an API key" in refused.err
    assert value not in refused.err
