"""Functions with the events of the SAM CLI (tests/sam), in the environment in which it starts them."""

import copy
import json
from datetime import UTC, datetime, timedelta

import pytest

from infra.local.template import ROOT
from tests.aws.in_memory import STACK
from tests.functions import invocations
from tests.operations import WITHOUT_OPERATION

SAM = json.loads((ROOT / "tests/sam/recorded.json").read_text(encoding="utf-8"))
HANDLERS = sorted(STACK.functions.keys() - WITHOUT_OPERATION)
EVENTS = {"empty": {}, "without a context": {"requestContext": None}, "s3": {"Records": []}}
FOREIGN = SAM["generated"] | EVENTS
NOT_EVENTS = {"list": [], "text": "hello", "null": None, "context of text": {"requestContext": "hello"}}


def invoke(guard, function, event, request_id="lambda-1"):
    with guard.acting_as(function):
        return invocations.invoke(function, event, request_id)


def caller():
    return SAM["requests"]["create"]["invocations"][1]["event"]["requestContext"]["authorizer"]


def event_for(function, body=None, tenant=None, **path_parameters):
    """SAM's event for `function`, with the test's body, tenant, and path parameters."""
    found = [
        invocation["event"]
        for request in SAM["requests"].values()
        for invocation in request["invocations"]
        if invocation["function"] == function
    ]
    event = copy.deepcopy(found[0])
    event["body"] = body if isinstance(body, str) else json.dumps(body)
    if path_parameters:
        event["pathParameters"] = path_parameters
    if tenant:
        # As SAM passes it on: it names the caller, the scopes, and the credential's expiry.
        event["requestContext"]["authorizer"] = caller() | {"tenant": tenant}
    return event


BODY = {"name": "Shop", "allowedOrigins": ["https://app.example.com"]}


@pytest.fixture
def under_sam(monkeypatch):
    monkeypatch.setenv("AWS_SAM_LOCAL", "true")


@pytest.mark.usefixtures("under_sam")
class TestUnderSam:
    def test_clock_is_used_instead_of_the_fixed_time_of_sam_events(self, guard, api):
        before = datetime.now(UTC) - timedelta(milliseconds=1)
        created = invoke(guard, "CreateClientToken", event_for("CreateClientToken", BODY, api.tenant))
        at = datetime.fromisoformat(json.loads(created["body"])["clientToken"]["createdAt"])
        assert before <= at <= datetime.now(UTC)

    def test_400_expiry_that_passed_since_sam_started(self, guard, api):
        passed = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
        event = event_for("CreateClientToken", BODY | {"expiresAt": passed}, api.tenant)
        assert invoke(guard, "CreateClientToken", event)["statusCode"] == 400

    def test_session_lasts_its_idle_timeout_from_now(self, guard, api, register):
        register("flow_echo")
        body = BODY | {"flowIds": ["flow_echo"]}
        created = invoke(guard, "CreateClientToken", event_for("CreateClientToken", body, api.tenant))
        value = json.loads(created["body"])["token"]
        opened = invoke(guard, "InitSession", event_for("InitSession", {"token": value}))
        assert opened["statusCode"] == 200, opened["body"]
        ends = datetime.fromisoformat(json.loads(opened["body"])["expiresAt"])
        assert timedelta(minutes=29) < ends - datetime.now(UTC) <= timedelta(minutes=30)


def test_time_of_api_gateway_is_used_in_a_deployment(guard, api, monkeypatch):
    monkeypatch.delenv("AWS_SAM_LOCAL", raising=False)
    event = event_for("CreateClientToken", BODY, api.tenant)
    created = json.loads(invoke(guard, "CreateClientToken", event)["body"])["clientToken"]
    assert datetime.fromisoformat(created["createdAt"]) == datetime(2026, 1, 1, tzinfo=UTC)


def test_error_has_the_id_of_its_invocation(guard, api):
    event = event_for("CreateClientToken", "not json", api.tenant)
    ids = [
        json.loads(invoke(guard, "CreateClientToken", event, request_id)["body"])["requestId"]
        for request_id in ("lambda-1", "lambda-2")
    ]
    assert ids == ["lambda-1", "lambda-2"]


@pytest.mark.parametrize("kind", FOREIGN | NOT_EVENTS)
@pytest.mark.parametrize("function", HANDLERS)
def test_foreign_event_gets_a_clear_error(guard, function, kind):
    answer = invoke(guard, function, (FOREIGN | NOT_EVENTS)[kind])
    body = json.loads(answer["body"])
    assert 400 <= answer["statusCode"] < 500, answer
    assert body["error"]
    assert body["requestId"]


@pytest.mark.parametrize("kind", FOREIGN)
def test_authorizer_denies_foreign_events(guard, kind):
    policy = invoke(guard, "Authorize", FOREIGN[kind])
    assert [statement["Effect"] for statement in policy["policyDocument"]["Statement"]] == ["Deny"]


@pytest.mark.parametrize("kind", ["http-api-proxy", "empty", "s3"])
def test_error_for_a_foreign_event_names_the_expected_kind(guard, kind):
    body = json.loads(invoke(guard, "Chat", FOREIGN[kind])["body"])
    assert (body["code"], "REST API" in body["error"]) == ("invalid_event", True)


def test_400_for_the_test_button_of_the_api_gateway_console(guard):
    """It has no client address, so there is nothing to count."""
    event = event_for("InitSession", {"token": "made.up.value"})
    event["requestContext"]["identity"]["sourceIp"] = "test-invoke-source-ip"
    answer = invoke(guard, "InitSession", event)
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (400, "invalid_event")


def test_generated_event_without_an_authorizer_gets_a_hint(guard):
    body = json.loads(invoke(guard, "ListClientTokens", FOREIGN["aws-proxy"])["body"])
    assert (body["code"], "requestContext.authorizer" in body["hint"]) == ("unauthenticated", True)
    assert [name for name in caller() if name not in body["hint"]] == []


def test_error_names_a_missing_path_parameter(guard, api):
    event = event_for("GetClientToken", tenant=api.tenant, proxy="/path/to/resource")
    answer = invoke(guard, "GetClientToken", event)
    assert answer["statusCode"] == 400
    assert "pathParameters.id" in json.loads(answer["body"])["error"]


def test_base64_body_is_read(guard):
    """As in the event that `sam local generate-event apigateway aws-proxy` prints."""
    body = json.loads(invoke(guard, "InitSession", FOREIGN["aws-proxy"])["body"])
    assert body["details"][0]["path"] == "token"


def test_400_when_body_is_not_base64(guard):
    answer = invoke(guard, "InitSession", FOREIGN["aws-proxy"] | {"body": "!"})
    assert (answer["statusCode"], "base64" in json.loads(answer["body"])["error"]) == (400, True)


@pytest.mark.parametrize("body", [{"token": "ct_1"}, ["ct_1"], 5, True], ids=["object", "list", "number", "boolean"])
@pytest.mark.parametrize("is_encoded", [False, True])
@pytest.mark.parametrize("function", ["CreateClientToken", "InitSession", "Chat"])
def test_400_for_an_event_whose_body_is_not_text(guard, function, body, is_encoded):
    """As developers write it by hand. API Gateway sends JSON as one string."""
    event = event_for("CreateClientToken") | {"body": body, "isBase64Encoded": is_encoded}
    answer = invoke(guard, function, event)
    assert answer["statusCode"] == 400, answer
    error = json.loads(answer["body"])
    assert (error["code"], error["error"]) == ("invalid_event", "The event's body is not text.")
