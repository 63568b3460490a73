"""Management credentials: 401 for an invalid one, 403 without the scope, 503 if it cannot be checked."""

import json
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from functions.management import authorize
from shared.rules import api_key, rejection
from shared.rules.principal import SCOPES
from shared.rules.rejection import CredentialRejected
from shared.store import api_keys
from tests.functions.conftest import Management
from tests.operations import MANAGEMENT, UNKNOWN_ID, each

LIST = "/v1/client-tokens"


def assert_unauthenticated(answer):
    assert answer.status_code == 401, answer.text
    assert answer.json["code"] == "unauthenticated"
    assert answer.json["hint"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def assert_expired(answer):
    """The function refuses it: API Gateway still has the credential's Allow in its cache."""
    assert answer.status_code == 401, answer.text
    assert answer.json["code"] == "unauthenticated"
    assert "has expired" in answer.json["hint"]


@each(MANAGEMENT)
def test_403_key_without_the_scope(caller, calls, operation):
    limited = caller(scopes=tuple(set(SCOPES) - {operation.scope}))
    calls.clear()
    answer = limited.do(operation, UNKNOWN_ID)
    assert answer.status_code == 403
    assert operation.scope in answer.json["hint"]
    assert calls == ["GetItem"]
    assert caller(scopes=(operation.scope,)).do(operation, UNKNOWN_ID).status_code in {200, 201, 404}


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer two words", "ctk_x", "Bearer \x80"]
)
def test_401_without_a_bearer_credential_skips_the_authorizer(app, calls, output, authorization):
    caller = Management(app, "nobody", None)
    headers = {} if authorization is None else {"Authorization": authorization}
    assert_unauthenticated(caller.get(LIST, **headers))
    assert calls == []
    assert output() == ""


@pytest.mark.parametrize(
    "garbled", ["x", "ctk_", "ctk_" + "0" * 38, "ctk_" + "0" * 5000, "a.b.c", "eyJhbGciOiJub25lIn0.e30."]
)
def test_401_garbled_key_costs_no_aws_call(app, calls, garbled):
    assert_unauthenticated(Management(app, "nobody", garbled).get(LIST))
    assert calls == []


def test_401_key_with_one_changed_character(app, api, calls):
    value = api.credential
    for position in range(len(value)):
        swapped = "x" if value[position] != "x" else "y"
        assert_unauthenticated(Management(app, "nobody", value[:position] + swapped + value[position + 1 :]).get(LIST))
    assert "GetItem" not in calls


def test_401_unknown_api_key(app, caller):
    value, _ = api_key.mint("t", "n", SCOPES, at=datetime.now(UTC), expires_at=None, random_bytes=lambda n: b"\7" * n)
    assert_unauthenticated(Management(app, "nobody", value).get(LIST))


def test_401_expired_key_that_is_still_in_the_table(caller):
    now = datetime.now(UTC)
    assert caller(expires_at=now + timedelta(hours=1)).get(LIST).status_code == 200
    assert_unauthenticated(caller(expires_at=now - timedelta(seconds=1)).get(LIST))


def test_401_once_a_cached_api_key_expires(caller, clock):
    clock.held = datetime.now(UTC).replace(microsecond=0)
    key = caller(expires_at=clock.held + timedelta(seconds=30))
    assert key.get(LIST).status_code == 200
    clock.forward(seconds=29, milliseconds=990)
    assert key.get(LIST).status_code == 200
    clock.forward(milliseconds=10)
    assert_expired(key.get(LIST))


def test_401_revoked_key(caller):
    revoked = caller()
    (key,) = api_keys.list_by_tenant(revoked.tenant, at=datetime.now(UTC))
    now = datetime.now(UTC)
    api_keys.revoke(key, at=now, listed_until=now + timedelta(days=1))
    assert_unauthenticated(revoked.get(LIST))


def test_cached_authorization_serves_every_route(api, calls):
    created = api.create()["clientToken"]["id"]
    calls.clear()
    assert api.get(f"{LIST}/{created}").status_code == 200
    assert calls == ["GetItem", "BatchGetItem"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
@pytest.mark.parametrize("spaces", [" ", "   "])
def test_200_bearer_scheme_is_case_insensitive(api, scheme, spaces):
    assert api.get(LIST, Authorization=f"{scheme}{spaces}{api.credential}").status_code == 200


def test_401_client_token_gets_a_hint_to_send_an_api_key(app, api, output):
    answer = Management(app, "nobody", api.create()["token"]).get(LIST)
    assert_unauthenticated(answer)
    assert "is a client token" in answer.json["hint"]
    assert "API key" in answer.json["hint"]
    assert '"reason":"client_token"' in output()


@pytest.mark.parametrize(
    ("credential", "reason", "words"),
    [
        ("ctk_mistyped", "malformed", "Copy it again, and send it as: Authorization: Bearer"),
        ("mistyped", "clerk_not_configured", "not an API key (ctk_...), and this deployment accepts"),
        ("CTK_mistyped", "clerk_not_configured", "Send one as: Authorization: Bearer"),
        ("eyJhbGciOiJub25lIn0.e30.mistyped", "clerk_not_configured", "not an API key (ctk_...)"),
    ],
)
def test_log_holds_the_reason_for_a_rejected_credential(app, output, credential, reason, words):
    answer = Management(app, "nobody", credential).get(LIST)
    assert_unauthenticated(answer)
    assert words in answer.json["hint"]
    (line,) = (line for line in output().splitlines() if '"rejected"' in line)
    assert f'"operation":"authorize","reason":"{reason}"' in line
    assert credential not in line


def test_log_distinguishes_unknown_from_expired_keys(app, caller, output):
    now = datetime.now(UTC)
    value, _ = api_key.mint("t", "n", SCOPES, at=now, expires_at=None, random_bytes=lambda n: b"\5" * n)
    assert "revoked" in Management(app, "nobody", value).get(LIST).json["hint"]
    assert "expired" in caller(expires_at=now - timedelta(seconds=1)).get(LIST).json["hint"]
    reasons = [json.loads(line).get("reason") for line in output().splitlines()]
    assert [reason for reason in reasons if reason] == ["unknown_key", "expired"]


def test_401_for_another_scheme_that_reaches_the_authorizer(caller, output):
    """As if the route had lost its validation expression."""
    event = {
        "methodArn": "arn:aws:execute-api:us-east-1:123456789012:a1b2c3/stage/GET/x",
        "authorizationToken": f"Basic {caller().credential}",
    }
    answer = authorize.handler(event, None)
    assert [one["Effect"] for one in answer["policyDocument"]["Statement"]] == ["Deny"]
    assert '"reason":"wrong_scheme"' in output()


def test_hints_fit_into_the_json_of_the_gateway_response():
    hints = [CredentialRejected(reason).hint for reason in get_args(rejection.Reason)]
    assert all(json.loads(f'"{hint}"') == hint for hint in hints)


def test_503_when_the_key_table_is_unavailable(api, aws_answers):
    aws_answers("GetItem", "InternalServerError", 500)
    answer = api.get(LIST)
    assert answer.status_code == 503
    assert answer.json["code"] == "unavailable"
    assert answer.headers["Retry-After"].isdigit()
