"""The lifecycle of a client token when nothing fails."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.rules import digest
from shared.store import client_tokens, table

SEED = {"name": "Web Client Token", "allowedOrigins": ["https://app.example.com"]}


def path(created, *more):
    return "/".join(["/v1/client-tokens", created["clientToken"]["id"], *more])


def test_201_the_documented_request_gets_every_documented_default(api):
    answer = api.post("/v1/client-tokens", SEED)
    assert answer.status_code == 201
    token = answer.json["clientToken"]
    assert answer.json == {"clientToken": token, "token": token["tokenValue"], "warnings": answer.json["warnings"]}
    assert token == SEED | {
        "id": token["id"],
        "environment": "live",
        "flowIds": [],
        "agentIds": [],
        "defaultFlowId": None,
        "pinToVersion": "latest",
        "targetAlias": None,
        "targetVersionId": None,
        "rateLimitPerMinute": 10,
        "rateLimitPerHour": 100,
        "maxMessagesPerSession": 100,
        "sessionIdleTimeoutMinutes": 30,
        "dailyBudget": None,
        "visitorHistory": True,
        "originEnforcement": "enforce",
        "observeUntil": None,
        "config": {},
        "isActive": True,
        "expiresAt": None,
        "productSurfaceId": None,
        "tokenPrefix": token["tokenValue"][:8],
        "tokenHint": token["tokenValue"][-4:],
        "tokenValue": token["tokenValue"],
        "lastUsedAt": None,
        "conversationCount": 0,
        "createdAt": token["createdAt"],
        "updatedAt": token["createdAt"],
    }
    assert token["id"].startswith("ct_")
    assert answer.json["token"].startswith("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.")
    assert answer.json["token"].count(".") == 2
    assert [warning["type"] for warning in answer.json["warnings"]] == ["no_target"]


def test_201_every_given_field_is_returned(api):
    settings = {
        "name": "Everything",
        "allowedOrigins": ["https://app.example.com", "https://*.example.org", "native"],
        "flowIds": ["flow_a", "flow_b"],
        "agentIds": ["agent_a"],
        "defaultFlowId": "flow_b",
        "environment": "test",
        "pinToVersion": "published",
        "targetAlias": "stable",
        "rateLimitPerMinute": 1000,
        "rateLimitPerHour": 10_000,
        "maxMessagesPerSession": 1000,
        "sessionIdleTimeoutMinutes": 1440,
        "dailyBudget": 12.5,
        "visitorHistory": False,
        "originEnforcement": "observe",
        "config": {"welcomeMessage": "Grüezi 👋", "theme": {"radius": 1.5, "dark": None}},
        "productSurfaceId": "surface_1",
        "expiresAt": "2099-01-31T00:00:00.000Z",
    }
    created = api.create(**settings)
    found = api.get(path(created)).json["clientToken"]
    assert {name: found[name] for name in settings} == settings


def test_200_value_is_returned_only_by_create_and_reveal(api):
    created = api.create()
    assert api.get(path(created, "token")).json == {"token": created["token"]}
    got, listed = api.get(path(created)), api.get("/v1/client-tokens")
    updated = api.put(path(created), {"name": "Renamed"})
    for answer in (got, listed, updated):
        assert answer.status_code == 200
        assert created["token"] not in answer.text
        assert "tokenValue" not in answer.text


def test_the_table_holds_no_value(api):
    created = api.create()
    items = list(table.query("pk = :pk", {":pk": f"TOKEN#{created['clientToken']['id']}"}, at=None))
    assert created["token"] not in str(items)
    assert created["token"].rpartition(".")[2] not in str(items)


def test_200_update_changes_only_the_given_fields(api):
    created = api.create(flowIds=["flow_a"], defaultFlowId="flow_a", config={"theme": {}})
    before = api.get(path(created)).json["clientToken"]
    answer = api.put(path(created), {"rateLimitPerMinute": 20.0, "isActive": False, "defaultFlowId": None})
    assert answer.status_code == 200
    changed = {"rateLimitPerMinute": 20, "isActive": False, "defaultFlowId": None}
    after = answer.json["clientToken"]
    assert after == before | changed | {"updatedAt": after["updatedAt"]}
    assert after["updatedAt"] >= before["updatedAt"]
    assert api.get(path(created)).json["clientToken"] == after


def test_200_empty_update(api):
    created = api.create()
    assert api.put(path(created), {}).status_code == 200


def test_200_regenerate_without_a_body_ends_the_old_value_at_once(api):
    created = api.create()
    answer = api.post(path(created, "regenerate"))
    assert answer.status_code == 200
    assert answer.json["token"] == answer.json["clientToken"]["tokenValue"] != created["token"]
    assert answer.json["clientToken"]["tokenHint"] == answer.json["token"][-4:]
    assert answer.json["previousValueExpiresAt"] is None
    assert api.get(path(created, "token")).json["token"] == answer.json["token"]
    record, _ = client_tokens.get(api.tenant, created["clientToken"]["id"])
    assert record.previous_values == ()


def test_200_old_value_works_until_the_grace_period_ends(api):
    created = api.create()
    answer = api.post(path(created, "regenerate"), {"gracePeriodSeconds": 3600})
    until = datetime.fromisoformat(answer.json["previousValueExpiresAt"])
    assert timedelta(minutes=59) < until - datetime.now(UTC) <= timedelta(hours=1)
    assert answer.json["previousValueExpiresAt"] in answer.json["message"]
    record, _ = client_tokens.get(api.tenant, created["clientToken"]["id"])
    (previous,) = record.previous_values
    assert (previous.digest, previous.valid_until) == (digest.sha256_hex(created["token"]), until)


def test_200_deleted_token_is_gone_and_a_second_delete_is_a_404(api):
    created = api.create()
    answer = api.delete(path(created), {})
    assert answer.status_code == 200
    assert answer.json["success"] is True
    assert isinstance(answer.json["message"], str)
    for gone in (api.get(path(created)), api.delete(path(created)), api.put(path(created), {"name": "x"})):
        assert gone.status_code == 404
    assert api.get("/v1/client-tokens").json == {"clientTokens": []}


def test_warnings_come_with_create_and_update(api):
    created = api.create(allowedOrigins=["*", "https://*.vercel.app"], expiresAt="2099-01-01T00:00:00Z")
    kinds = {"wildcard_origin", "public_suffix_wildcard", "no_target", "info"}
    assert {warning["type"] for warning in created["warnings"]} == kinds
    answer = api.put(path(created), {"allowedOrigins": ["http://localhost:8080"], "expiresAt": None, "flowIds": ["f"]})
    assert [warning["type"] for warning in answer.json["warnings"]] == ["loopback_origin", "unregistered_target"]


@pytest.mark.parametrize("method", ["get", "delete"])
def test_unexpected_body_is_ignored(api, method):
    created = api.create()
    assert api.request(method.upper(), path(created), "not json").status_code == 200


def test_every_response_has_cors_and_no_store_headers(api):
    paths = ("/v1/client-tokens", "/v1/nothing")
    for answer in [api.post(paths[0], SEED), api.post(paths[0], "x"), api.get(paths[1]), api.delete(paths[0])]:
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Vary"] == "Origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"
        assert answer.headers["Content-Type"] == "application/json"
