"""Tenants never see each other's data."""

from tests.operations import OF_A_TOKEN, UNKNOWN_ID, each


@each(OF_A_TOKEN)
def test_404_token_of_another_tenant_looks_unknown(caller, operation):
    owner, stranger = caller(), caller()
    created = owner.create()
    theirs = stranger.do(operation, created["clientToken"]["id"])
    unknown = stranger.do(operation, UNKNOWN_ID)
    assert theirs.status_code == unknown.status_code == 404
    assert theirs.json | {"requestId": ""} == unknown.json | {"requestId": ""}
    assert set(theirs.headers.keys()) == set(unknown.headers.keys())
    path = f"/v1/client-tokens/{created['clientToken']['id']}"
    assert owner.get(path).json["clientToken"]["name"] == "Web Client Token"
    assert owner.get(f"{path}/token").json["token"] == created["token"]


def test_list_holds_only_the_tokens_of_the_tenant(caller):
    owner, stranger = caller(), caller()
    owner.create()
    assert stranger.get("/v1/client-tokens").json == {"clientTokens": []}


def test_two_keys_of_one_tenant_see_the_same_tokens(caller):
    first = caller()
    second = caller(first.tenant)
    first.create()
    assert len(second.get("/v1/client-tokens").json["clientTokens"]) == 1


def test_tenant_with_a_shared_name_prefix_sees_nothing_of_another(caller):
    owner = caller()
    owner.create()
    assert caller(owner.tenant + "0").get("/v1/client-tokens").json == {"clientTokens": []}
