"""The policy that API Gateway caches for a credential covers the stage that called, and nothing else."""

import re

import pytest

from functions.management import authorize

ASKED = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/api/GET/v1/client-tokens"
OTHERS = {
    "stage": "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/staging/GET/v1/client-tokens",
    "stage that begins so": "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/api2/GET/v1/client-tokens",
    "API": "arn:aws:execute-api:eu-west-1:123456789012:d4e5f6/api/GET/v1/client-tokens",
    "region": "arn:aws:execute-api:us-east-1:123456789012:a1b2c3/api/GET/v1/client-tokens",
    "account": "arn:aws:execute-api:eu-west-1:210987654321:a1b2c3/api/GET/v1/client-tokens",
}


def _covers(policy, arn):
    (statement,) = policy["policyDocument"]["Statement"]
    assert statement["Action"] == "execute-api:Invoke"
    pattern = re.escape(statement["Resource"]).replace(r"\*", ".*").replace(r"\?", ".")
    return bool(re.fullmatch(pattern, arn))


@pytest.fixture(params=["valid", "invalid"])
def policy(request, caller):
    credential = caller().credential if request.param == "valid" else "of_nobody"
    event = {"type": "TOKEN", "methodArn": ASKED, "authorizationToken": f"Bearer {credential}"}
    policy = authorize.handler(event, None)
    assert policy["policyDocument"]["Statement"][0]["Effect"] == ("Allow" if request.param == "valid" else "Deny")
    return policy


@pytest.mark.parametrize("method_and_path", ["GET/v1/client-tokens", "DELETE/v1/client-tokens/ct_1", "POST/"])
def test_policy_covers_every_route_of_its_stage(policy, method_and_path):
    assert _covers(policy, f"{ASKED.partition('GET/')[0]}{method_and_path}")


@pytest.mark.parametrize("other", OTHERS)
def test_policy_covers_no_other_stage_api_or_account(policy, other):
    assert not _covers(policy, OTHERS[other])


NOT_METHOD_ARNS = [
    "",
    "*",
    "*/*",
    "arn:aws:execute-api:*:*:*/*",
    "arn:aws:execute-api:eu-west-1:123456789012:*/api/GET/",
    "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/*/GET/",
    "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/a?i/GET/",
    "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/api",
    "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/api\n/GET/",
    "arn:aws:execute-api:eu-west-1:12345678901\u0662:a1b2c3/api/GET/",
    "arn:aws:lambda:eu-west-1:123456789012:a1b2c3/api/GET/",
    f" {ASKED}",
    None,
    1,
    [ASKED],
]


def _decided(event):
    (statement,) = authorize.handler(event, None)["policyDocument"]["Statement"]
    return statement


@pytest.mark.parametrize("arn", NOT_METHOD_ARNS, ids=ascii)
def test_valid_credential_is_denied_without_a_method_arn(caller, arn, calls):
    event = {"type": "TOKEN", "methodArn": arn, "authorizationToken": f"Bearer {caller().credential}"}
    calls.clear()
    denied = {"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": "*"}
    assert _decided(event) == denied
    assert _decided({name: value for name, value in event.items() if name != "methodArn"}) == denied
    # The credential is not checked at all.
    assert calls == []


@pytest.mark.parametrize(
    "event", [None, [], "text", {"methodArn": ASKED}, {"methodArn": ASKED, "authorizationToken": 1}]
)
def test_foreign_event_is_denied(event, output):
    assert _decided(event)["Effect"] == "Deny"
    assert '"reason":"malformed_event"' in output()


@pytest.mark.parametrize("arn", [ASKED.replace("arn:aws:", "arn:aws-us-gov:"), ASKED.replace("api/GET", "a_B-1/GET")])
def test_method_arn_of_any_partition_and_stage_passes(caller, arn):
    event = {"type": "TOKEN", "methodArn": arn, "authorizationToken": f"Bearer {caller().credential}"}
    assert _decided(event)["Effect"] == "Allow"
