"""AWS does not do as it should: a clear answer, no half-written state, and a line for whoever looks."""

import base64

import pytest

SEED = {"name": "Web Client Token", "allowedOrigins": ["https://app.example.com"]}
KEY_IS_GONE = ["DisabledException", "KMSInvalidStateException", "NotFoundException"]


@pytest.fixture
def created(api):
    return api.create()


@pytest.fixture
def path(created):
    return "/v1/client-tokens/" + created["clientToken"]["id"]


@pytest.mark.parametrize("code", KEY_IS_GONE)
def test_400_a_value_whose_key_is_disabled_or_about_to_be_deleted(api, path, aws_answers, code):
    aws_answers("GenerateMac", code)
    answer = api.get(f"{path}/token")
    assert answer.status_code == 400
    assert answer.json["code"] == "value_unavailable"
    assert "Regenerate" in answer.json["hint"]


def test_400_a_value_that_the_key_no_longer_yields(api, path, aws_answers):
    """Whatever KMS says, what does not fit the digest is not this token's value."""
    aws_answers("GenerateMac", answer={"Mac": base64.b64encode(bytes(32)).decode()})
    answer = api.get(f"{path}/token")
    assert answer.status_code == 400
    assert answer.json["code"] == "value_unavailable"


@pytest.mark.parametrize("code", KEY_IS_GONE)
def test_503_no_new_value_without_a_key(api, path, aws_answers, calls, code):
    aws_answers("GenerateMac", code)
    calls.clear()
    for answer in (api.post("/v1/client-tokens", SEED), api.post(f"{path}/regenerate")):
        assert answer.status_code == 503
        assert answer.json["code"] == "signing_key_unusable"
    assert calls.writes() == []


def test_500_our_own_mistake_tells_the_caller_nothing_and_the_log_where(api, monkeypatch, output):
    def broken(*_, **__):
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr("shared.store.client_tokens.page", broken)
    answer = api.get("/v1/client-tokens")
    assert answer.status_code == 500
    assert answer.json.keys() == {"error", "code", "requestId"}
    logged = output()
    assert "test_faults.py" in logged
    assert '"error":"RuntimeError"' in logged
    assert "the secret of the house" not in logged + answer.text


def test_401_a_route_that_lost_its_authorizer_lets_nobody_in():
    from functions.management.list_client_tokens import handler

    event = {"requestContext": {"requestId": "r", "requestTimeEpoch": 0}, "queryStringParameters": None}
    for authorizer in (
        None,
        {},
        {"principalId": "key_1"},
        {"principalId": "key_1", "tenant": "", "scopes": "tokens:read"},
    ):
        answer = handler(event | {"requestContext": event["requestContext"] | {"authorizer": authorizer}}, None)
        assert answer["statusCode"] == 401
