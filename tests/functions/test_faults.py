"""When AWS fails: a clear error, nothing half-written, and a log line for the operator."""

import base64
import contextlib
import itertools
import json

import pytest

from infra.local.openapi import read_routes
from tests.aws.in_memory import CRASHES, TEMPLATE
from tests.aws.network import NETWORK
from tests.functions.page import assert_refused

SEED = {"name": "Web Client Token", "allowedOrigins": ["https://app.example.com"]}
KEY_IS_GONE = ["DisabledException", "KMSInvalidStateException", "NotFoundException"]


@pytest.fixture
def created(api):
    return api.create()


@pytest.fixture
def path(created):
    return "/v1/client-tokens/" + created["clientToken"]["id"]


@pytest.mark.parametrize("code", KEY_IS_GONE)
def test_400_value_of_a_disabled_or_deleted_signing_key(api, path, aws_answers, code):
    aws_answers("GenerateMac", code)
    answer = api.get(f"{path}/token")
    assert answer.status_code == 400
    assert answer.json["code"] == "value_unavailable"
    assert "Regenerate" in answer.json["hint"]


def test_400_value_that_the_key_no_longer_reproduces(api, path, aws_answers):
    """Whatever KMS returns, a value that doesn't match the digest is not this token's."""
    aws_answers("GenerateMac", answer={"Mac": base64.b64encode(bytes(32)).decode()})
    answer = api.get(f"{path}/token")
    assert answer.status_code == 400
    assert answer.json["code"] == "value_unavailable"


@pytest.mark.parametrize("code", KEY_IS_GONE)
def test_503_no_value_is_issued_without_the_signing_key(api, path, aws_answers, calls, code):
    aws_answers("GenerateMac", code)
    calls.clear()
    for answer in (api.post("/v1/client-tokens", SEED), api.post(f"{path}/regenerate")):
        assert answer.status_code == 503
        assert answer.json["code"] == "signing_key_unusable"
    # Each was counted.
    assert calls.writes() == ["UpdateItem"] * 2


@pytest.fixture
def left_over():
    """Within `left_over("TOKEN#", times=1)`, this many batch reads leave out the keys that begin with this."""

    @contextlib.contextmanager
    def left_over(partition, times):
        batches = itertools.count(1)

        def leave(request, answer):
            if request.operation != "BatchGetItem" or next(batches) > times:
                return
            ((name, asked),) = request.parameters["RequestItems"].items()
            left = [key for key in asked["Keys"] if key["pk"]["S"].startswith(partition)]
            found = [item for item in answer.body["Responses"][name] if not item["pk"]["S"].startswith(partition)]
            answer.body.update(Responses={name: found}, UnprocessedKeys={name: asked | {"Keys": left}})

        with NETWORK.hooked(after=leave):
            yield

    return left_over


def test_200_unprocessed_keys_are_read_in_a_second_call(page, token, left_over, calls):
    """DynamoDB may leave keys unprocessed at any time. Without a second call, an existing token would seem unknown."""
    session = page.open(token.value)
    calls.clear()
    with left_over("TOKEN#", times=1):
        assert page.init(token.value, sessionId=session).json["sessionId"] == session
    # The token and the session, and then the token alone.
    assert calls.count("BatchGetItem") == 2


def test_503_when_dynamodb_processes_no_keys(page, token, left_over):
    """The page may retry. The function does not, beyond a limit."""
    with left_over("", times=2):
        assert_refused(page.init(token.value), 503, "unavailable")


def test_500_bug_is_logged_with_its_location_and_hidden(api, monkeypatch, output):
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
    # Shown only in the report of a failing test.
    assert "RuntimeError: the secret of the house" in CRASHES[-1]


def test_503_authorizer_fault_without_a_cause_is_logged(api, aws_answers, output):
    """A record without its fields breaks the code that reads it, although no AWS call failed."""
    aws_answers("GetItem", answer={"Item": {"pk": {"S": "secret-of-the-record"}}})
    answer = api.get("/v1/client-tokens")
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
    lines = [json.loads(line) for line in output().splitlines()]
    (fault,) = [line for line in lines if line.get("message") == "fault"]
    assert (fault["operation"], fault["error"]) == ("authorize", "KeyError")
    assert "secret-of-the-record" not in json.dumps(lines)


def test_503_has_a_retry_after_of_at_least_one_second(api, page, token, aws_answers):
    """With zero, every client would retry at once against a service that cannot keep up."""
    session = page.open(token.value)
    path = f"/v1/client-tokens/{token.id}"
    aws_answers("UpdateItem", "ThrottlingException")
    aws_answers("GenerateMac", "ThrottlingException")
    refused = [page.say(session), api.post("/v1/client-tokens", SEED), api.get(f"{path}/token")]
    assert [answer.status_code for answer in refused] == [503, 503, 503]
    assert [int(answer.headers["Retry-After"]) for answer in refused] == [1, 1, 1]


def test_503_of_api_gateway_has_a_retry_after_of_one_second():
    refusals = read_routes(TEMPLATE).refusals
    waits = {kind: int(one.headers["Retry-After"]) for kind, one in refusals.items() if one.status in {429, 503}}
    assert waits
    assert all(seconds >= 1 for seconds in waits.values()), waits


def test_401_route_without_an_authorizer_admits_nobody():
    from functions.management.list_client_tokens import handler

    event = {"requestContext": {"extendedRequestId": "r", "requestTimeEpoch": 0}, "queryStringParameters": None}
    for authorizer in (
        None,
        {},
        {"principalId": "key_1"},
        {"principalId": "key_1", "tenant": "", "scopes": "tokens:read"},
    ):
        answer = handler(event | {"requestContext": event["requestContext"] | {"authorizer": authorizer}}, None)
        assert answer["statusCode"] == 401


@pytest.mark.parametrize(
    ("expires_at", "status"), [(None, 503), ("", 503), ("soon", 500), ("1969-12-31T23:59:59.000Z", 401)]
)
def test_credential_without_a_known_expiry_is_not_admitted(expires_at, status):
    """API Gateway may have cached a response of an authorizer from an earlier deployment."""
    from functions.management.list_client_tokens import handler

    authorizer = {"principalId": "key_1", "tenant": "t", "scopes": "tokens:read", "expiresAt": expires_at}
    context = {"extendedRequestId": "r", "requestTimeEpoch": 0, "authorizer": authorizer}
    assert handler({"requestContext": context, "queryStringParameters": None}, None)["statusCode"] == status
