"""Responses of API Gateway itself, and which requests it passes on."""

import io
import threading

import pytest

from infra.local import authorization
from infra.local.call import RAW_HEADERS
from tests.local.conftest import Gateway

MEGABYTE = 1024 * 1024


def test_unknown_path_is_missing_authentication_token(gateway):
    response = gateway.http.get("/nothing")
    assert (response.status_code, response.json["kind"]) == (403, "4XX")
    assert response.headers["X-From"] == "default"
    assert response.json["requestId"] == response.headers["x-amz-apigw-id"]


def test_unlisted_method_uses_the_any_route(gateway):
    assert gateway.http.patch("/things").status_code == 405
    assert gateway.http.head("/things").status_code == 405


def test_method_unknown_to_api_gateway_does_not_use_the_any_route(gateway):
    assert gateway.http.open("/things", method="PROPFIND").status_code == 403


@pytest.mark.parametrize(("content_type", "status"), [("application/json; charset=utf-8", 405), ("text/plain", 415)])
def test_mock_without_passthrough_refuses_other_content_types(gateway, content_type, status):
    assert gateway.http.patch("/things", data="x", content_type=content_type).status_code == status


def test_a_preflight_needs_no_credential(gateway):
    response = gateway.http.options("/things")
    assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert gateway.events == []


def test_500_preflight_with_another_content_type(gateway):
    assert gateway.http.options("/things", content_type="text/plain").status_code == 500


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic secret"}, {"Authorization": "Bearer a b"}])
def test_401_without_a_bearer_credential_skips_the_authorizer(gateway, headers):
    assert gateway.http.get("/things", headers=headers).status_code == 401
    assert gateway.events == []


def test_the_authorizer_sees_the_credential_and_the_method(gateway):
    gateway.list()
    assert gateway.asked("Authorize") == [
        {
            "type": "TOKEN",
            "methodArn": "arn:aws:execute-api:us-east-1:123456789012:local/api/GET/things",
            "authorizationToken": "Bearer secret",
        }
    ]


def test_function_receives_the_authorizer_context_as_text(gateway):
    gateway.answers["Authorize"] = gateway.policy("Allow", tenant="t", count=3, live=True)
    assert gateway.list().status_code == 200
    assert gateway.asked("List")[0]["requestContext"]["authorizer"] == {
        "principalId": "somebody",
        "tenant": "t",
        "count": "3",
        "live": "true",
        "integrationLatency": 0,
    }


def test_denied_request_gets_the_response_of_the_template(gateway):
    gateway.answers["Authorize"] = gateway.policy("Deny")
    response = gateway.list()
    assert (response.status_code, response.json["kind"]) == (401, "ACCESS_DENIED")
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert gateway.asked("List") == []


def test_denial_may_include_the_authorizer_context(gateway):
    """Only text is inserted: API Gateway escapes nothing, and unknown names become empty."""
    gateway.answers["Authorize"] = gateway.policy("Deny", why="it is too late")
    assert gateway.list().json["why"] == "it is too late"
    gateway.answers["Authorize"] = gateway.policy("Deny")
    assert gateway.list("Bearer other").json["why"] == ""


def test_authorizer_cache_is_bounded(gateway, monkeypatch):
    monkeypatch.setattr(authorization, "_REMEMBERED_MAX", 3)
    for number in range(10):
        gateway.list(f"Bearer {number}")
        assert len(gateway.api._authorization._remembered) <= 3
    gateway.list("Bearer 9")
    assert len(gateway.asked("Authorize")) == 10


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_authorization_is_cached_per_credential_until_its_ttl(gateway, effect):
    gateway.answers["Authorize"] = gateway.policy(effect)
    gateway.list()
    gateway.now += 59
    gateway.list()
    assert len(gateway.asked("Authorize")) == 1
    gateway.list("Bearer other")
    assert len(gateway.asked("Authorize")) == 2
    gateway.now += 1
    gateway.list()
    assert len(gateway.asked("Authorize")) == 3


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        ("arn:aws:execute-api:us-east-1:123456789012:local/api/*", 200),
        ("arn:aws:execute-api:us-east-1:123456789012:local/api/G?T/things", 200),
        (["arn:aws:execute-api:other", "*"], 200),
        ("arn:aws:execute-api:us-east-1:123456789012:local/api/POST/things", 401),
        ("arn:aws:execute-api:us-east-1:123456789012:local/api/GET/thing", 401),
    ],
)
def test_a_policy_covers_what_its_resource_matches(gateway, resource, status):
    gateway.answers["Authorize"] = gateway.policy("Allow", resource)
    assert gateway.list().status_code == status


def test_a_matching_deny_wins(gateway):
    policy = gateway.policy("Allow")
    policy["policyDocument"]["Statement"] += gateway.policy("Deny", "*/GET/*")["policyDocument"]["Statement"]
    gateway.answers["Authorize"] = policy
    assert gateway.list().status_code == 401


def test_failing_authorizer_is_authorizer_failure_and_not_cached(gateway):
    gateway.answers["Authorize"] = "it crashed"
    assert gateway.list().status_code == 500
    assert gateway.logged == ["Authorize failed: it crashed"]
    gateway.answers["Authorize"] = gateway.policy("Allow")
    assert gateway.list().status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"principalId": None},
        {"policyDocument": {"Statement": []}},
        {"policyDocument": {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}},
        {
            "policyDocument": {
                "Statement": [
                    {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*", "Condition": {"Bool": {}}}
                ]
            }
        },
        {"context": {"nested": {}}},
    ],
)
def test_malformed_policy_is_an_authorizer_configuration_error(gateway, change):
    gateway.answers["Authorize"] = gateway.policy("Allow") | change
    assert gateway.list().status_code == 500
    assert "an answer that API Gateway refuses" in gateway.logged[0]


def test_502_when_the_function_fails(gateway):
    gateway.answers["Open"] = "KeyError: 'x'"
    response = gateway.http.post("/open/1")
    assert (response.status_code, response.json["kind"]) == (502, "5XX")
    assert gateway.logged == ["Open failed: KeyError: 'x'"]


def test_502_when_the_function_returns_a_malformed_response(gateway):
    gateway.answers["Open"] = ["not", "a", "response"]
    assert gateway.http.post("/open/1").status_code == 502
    assert gateway.logged == ["Open gave an answer that API Gateway refuses: it is not an object"]


def test_504_when_the_function_exceeds_the_timeout():
    gateway, is_over = Gateway(timeout=0), threading.Event()
    gateway.answers["Open"] = lambda _event: is_over.wait()
    assert gateway.http.post("/open/1").status_code == 504
    is_over.set()


def test_413_above_ten_megabytes_without_reaching_the_function(gateway):
    assert gateway.http.post("/open/1", data=b"x" * (10 * MEGABYTE + 1)).status_code == 413
    assert gateway.events == []


def test_413_when_the_event_is_too_large_for_lambda(gateway):
    assert gateway.http.post("/open/1", data=b"x" * (6 * MEGABYTE)).status_code == 413
    assert gateway.events == []
    assert gateway.http.post("/open/1", data=b"x" * (5 * MEGABYTE)).status_code == 201


def test_body_over_the_limit_is_drained_before_the_response(gateway):
    body = io.BytesIO(b"x" * (11 * MEGABYTE))
    gateway.http.post("/open/1", input_stream=body)
    assert body.tell() == 11 * MEGABYTE


@pytest.mark.parametrize("authorization", ["Bearer secret", "Basic c2VjcmV0", "AWS4-HMAC-SHA256 Credential=x"])
def test_authorization_on_an_unknown_path_is_a_bad_signature(gateway, authorization):
    response = gateway.http.get("/nothing", headers={"Authorization": authorization})
    assert (response.status_code, response.json["kind"]) == (403, "4XX")
    assert response.headers["x-amzn-ErrorType"] == "IncompleteSignatureException"


def test_401_when_the_authorizer_raises_exactly_unauthorized(gateway):
    gateway.answers["Authorize"] = "Exception: Unauthorized"
    response = gateway.list()
    assert (response.status_code, response.headers["x-amzn-ErrorType"]) == (401, "UnauthorizedException")
    assert gateway.logged == []


@pytest.mark.parametrize(
    "failure", ["Exception: unauthorized", "ValueError: Exception: Unauthorized", "Unauthorized: no", "KeyError: ''"]
)
def test_500_when_the_authorizer_raises_anything_else(gateway, failure):
    gateway.answers["Authorize"] = failure
    response = gateway.list()
    assert (response.status_code, response.headers["x-amzn-ErrorType"]) == (500, "AuthorizerFailureException")
    assert gateway.logged == [f"Authorize failed: {failure}"]


def test_gateway_responses_name_their_error_type(gateway):
    assert gateway.http.get("/nothing").headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"
    assert gateway.http.get("/things").headers["x-amzn-ErrorType"] == "UnauthorizedException"
    gateway.answers["Open"] = "KeyError: 'x'"
    refused = gateway.http.post("/open/1")
    assert refused.headers["x-amzn-ErrorType"] == "InternalServerErrorException"
    assert "X-Amzn-Trace-Id" not in refused.headers


def test_431_above_10240_bytes_of_headers_bypasses_the_gateway(gateway):
    response = gateway.http.post("/open/1", headers={"X-Page": "x" * 10_240})
    assert (response.status_code, response.text) == (431, "HTTP header is larger than 10240 bytes.\n")
    assert {"x-amzn-ErrorType", "x-amz-apigw-id", "X-From"}.isdisjoint(response.headers.keys())
    assert gateway.events == []
    assert gateway.http.post("/open/1", headers={"X-Page": "x" * 10_000}).status_code == 201


def test_431_counts_all_headers_together(gateway):
    headers = {f"X-{number}": "x" * 1000 for number in range(11)}
    assert gateway.http.post("/open/1", headers=headers).status_code == 431


def test_431_counts_the_names_and_line_breaks_of_headers(gateway):
    sent = [("Host", "localhost"), ("X-Page", "x" * (10_240 - len("Host: localhost\r\nX-Page: \r\n")))]
    assert gateway.http.post("/open/1", environ_overrides={RAW_HEADERS: sent}).status_code == 201
    sent[1] = ("X-Pages", sent[1][1])
    assert gateway.http.post("/open/1", environ_overrides={RAW_HEADERS: sent}).status_code == 431


def test_414_above_10240_characters_of_url_bypasses_the_gateway(gateway):
    longest = "/open/1?page=" + "x" * (10_240 - len("http://localhost/open/1?page="))
    assert gateway.http.post(longest).status_code == 201
    response = gateway.http.post(longest + "x", data=b"{}")
    assert (response.status_code, response.text) == (414, "Request URI is longer than 10240 characters.\n")
    assert {"x-amzn-ErrorType", "x-amz-apigw-id", "X-From"}.isdisjoint(response.headers.keys())
    assert len(gateway.events) == 1


def test_414_above_1600_bytes_of_method_arn_skips_the_authorizer(gateway):
    arn = "arn:aws:execute-api:us-east-1:123456789012:local/api/GET/things/"
    longest = "/things/" + "x" * (1600 - len(arn))
    assert gateway.http.get(longest, headers={"Authorization": "Bearer secret"}).status_code == 200
    assert len(gateway.asked("Authorize")[0]["methodArn"]) == 1600
    response = gateway.http.get(longest + "x", headers={"Authorization": "Bearer other"})
    assert (response.status_code, response.json["kind"]) == (414, "4XX")
    assert len(gateway.asked("Authorize")) == len(gateway.asked("List")) == 1


def test_path_without_an_authorizer_may_exceed_1600_bytes(gateway):
    assert gateway.http.post("/open/" + "x" * 2000).status_code == 201


def test_error_messages_cannot_control_the_terminal(gateway):
    gateway.answers["Open"] = "ValueError: \x1b[2J\nPOST /forged 200"
    gateway.http.post("/open/1")
    assert gateway.logged == ["Open failed: ValueError: \\x1b[2J\\nPOST /forged 200"]
