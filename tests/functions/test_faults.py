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


FAULTS = [("ThrottlingException", 400), ("InternalServerError", 500), ("AccessDeniedException", 400)]


CALLS = [
    ("GET", "", "BatchGetItem"),
    ("PUT", "", "BatchGetItem"),
    ("PUT", "", "PutItem"),
    ("DELETE", "", "TransactWriteItems"),
    ("GET", "/token", "BatchGetItem"),
    ("GET", "/token", "GenerateMac"),
    ("POST", "/regenerate", "BatchGetItem"),
    ("POST", "/regenerate", "GenerateMac"),
    ("POST", "/regenerate", "PutItem"),
    ("GET", "/conversations", "BatchGetItem"),
    ("GET", "/conversations", "Query"),
]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", CALLS)
def test_503_when_a_call_fails_and_the_token_is_as_before(api, created, path, aws_answers, output, call, fault):
    method, suffix, operation = call
    with aws_answers(operation, *fault):
        answer = api.request(method, path + suffix, {"name": "x"} if method == "PUT" else None)
    assert answer.status_code == 503, answer.text
    assert answer.json["code"] == "unavailable"
    assert answer.headers["Retry-After"].isdigit()
    assert api.get(f"{path}/token").json["token"] == created["token"]
    assert api.get(path).json["clientToken"]["name"] == "Web Client Token"
    logged = output()
    assert f'"aws_error":"{fault[0]}"' in logged
    assert '"Faults":[1.0]' in logged


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("operation", ["PutItem", "GenerateMac"])
def test_503_a_token_that_could_not_be_made_is_not_there(api, aws_answers, operation, fault):
    with aws_answers(operation, *fault):
        assert api.post("/v1/client-tokens", SEED).status_code == 503
    assert api.get("/v1/client-tokens").json == {"clientTokens": []}


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


def test_401_a_route_that_lost_its_authorizer_lets_nobody_in(api, created):
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
