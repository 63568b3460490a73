"""A policy that API Gateway caches for a credential covers the stage that asked, and nothing else."""

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
