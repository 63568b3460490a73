"""Checking settings tells what creating a client token would, and creates nothing."""

import pytest

from tests.aws.network import NETWORK
from tests.functions.page import assert_refused

LIST = "/v1/client-tokens"
CHECK = f"{LIST}/check"
SEED = {"name": "Web", "allowedOrigins": ["https://app.example.com"], "flowIds": ["flow_echo"]}


def without_ids(answer):
    return answer.status_code, {name: value for name, value in answer.json.items() if name != "requestId"}


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    "settings",
    [
        {"allowedOrigins": ["*", "https://*.vercel.app", "native", "http://shop.example.com"]},
        {"flowIds": []},
        {"flowIds": ["flow_unknown"], "dailyBudget": 1, "expiresAt": "2099-01-01T00:00:00Z"},
        {"originEnforcement": "observe"},
    ],
    ids=str,
)
def test_200_check_returns_the_warnings_of_create(api, register, settings):
    if "dailyBudget" not in settings:
        register("flow_echo")
    checked = api.post(CHECK, SEED | settings)
    created = api.post(LIST, SEED | settings)
    assert (checked.status_code, created.status_code) == (200, 201)
    assert checked.json == {"warnings": created.json["warnings"]}
    assert checked.json["warnings"]


@pytest.mark.parametrize(
    "settings",
    [
        {"allowedOrigins": []},
        {"name": "", "allowedOrigins": ["https://app.example.com/path"]},
        {"flowIds": ["flow_ecko"]},
        {"rateLimitPerMinut": 5},
        {"defaultFlowId": "flow_other"},
        "not an object",
    ],
    ids=str,
)
def test_check_returns_the_error_of_create(api, register, settings):
    register("flow_echo")
    body = SEED | settings if isinstance(settings, dict) else settings
    checked = api.post(CHECK, body)
    assert without_ids(checked) == without_ids(api.post(LIST, body))
    assert checked.status_code in {400, 404}


def test_check_writes_only_its_rate(api):
    written = []

    def note(request, _answer):
        if request.operation in {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"}:
            written.append(request.parameters["Key"]["pk"]["S"])

    with NETWORK.hooked(after=note):
        assert api.post(CHECK, SEED, **{"Idempotency-Key": "1"}).status_code == 200
    assert [key.partition("#")[0] for key in written] == ["WRITES"]
    assert api.get(LIST).json["clientTokens"] == []


def test_429_of_check_leaves_writes_alone(api, monkeypatch):
    monkeypatch.setenv("MANAGEMENT_WRITES_PER_MINUTE", "2")
    assert [api.post(CHECK, SEED).status_code for _ in range(2)] == [200, 200]
    assert_refused(api.post(CHECK, SEED), 429, "rate_limited")
    assert api.post(LIST, SEED).status_code == 201
