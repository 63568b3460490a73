"""Tenants never see each other in anything."""

import pytest

OPERATIONS = {
    "get": ("GET", "", None),
    "update": ("PUT", "", {"name": "Mine now"}),
    "delete": ("DELETE", "", None),
    "value": ("GET", "/token", None),
    "regenerate": ("POST", "/regenerate", None),
    "conversations": ("GET", "/conversations", None),
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_404_another_tenants_token_is_answered_as_an_unknown_one(caller, operation):
    owner, stranger = caller(), caller()
    created = owner.create()
    method, suffix, body = OPERATIONS[operation]
    theirs = stranger.request(method, f"/v1/client-tokens/{created['clientToken']['id']}{suffix}", body)
    unknown = stranger.request(method, f"/v1/client-tokens/ct_00000000000000000000000000{suffix}", body)
    assert theirs.status_code == unknown.status_code == 404
    assert theirs.json | {"requestId": ""} == unknown.json | {"requestId": ""}
    assert set(theirs.headers.keys()) == set(unknown.headers.keys())
    path = f"/v1/client-tokens/{created['clientToken']['id']}"
    assert owner.get(path).json["clientToken"]["name"] == "Web Client Token"
    assert owner.get(f"{path}/token").json["token"] == created["token"]


def test_a_list_holds_the_tenants_own_tokens_alone(caller):
    owner, stranger = caller(), caller()
    owner.create()
    assert stranger.get("/v1/client-tokens").json == {"clientTokens": []}


def test_two_keys_of_one_tenant_see_the_same_tokens(caller):
    first = caller()
    second = caller(first.tenant)
    first.create()
    assert len(second.get("/v1/client-tokens").json["clientTokens"]) == 1


def test_a_tenant_whose_name_begins_with_anothers_sees_nothing_of_it(caller):
    owner = caller()
    owner.create()
    assert caller(owner.tenant + "0").get("/v1/client-tokens").json == {"clientTokens": []}
