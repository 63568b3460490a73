"""What each operation costs in AWS calls, and that each role gives what its function needs and nothing else."""

from datetime import UTC, datetime

import pytest

from shared.rules.target import Target
from shared.store import targets
from tests.conftest import STACK

SEED = {"name": "Web Client Token", "allowedOrigins": ["https://app.example.com"]}
LIST = "/v1/client-tokens"
BUDGET = [
    ("POST", LIST, SEED, ["GenerateMac", "PutItem"]),
    ("POST", LIST, SEED | {"flowIds": ["flow_a"]}, ["Query", "GenerateMac", "PutItem"]),
    ("GET", LIST, None, ["Query", "BatchGetItem"]),
    ("GET", f"{LIST}/ID", None, ["BatchGetItem"]),
    ("PUT", f"{LIST}/ID", {"name": "x"}, ["BatchGetItem", "PutItem"]),
    ("PUT", f"{LIST}/ID", {"flowIds": ["flow_a"]}, ["Query", "BatchGetItem", "PutItem"]),
    ("GET", f"{LIST}/ID/token", None, ["BatchGetItem", "GenerateMac"]),
    ("POST", f"{LIST}/ID/regenerate", None, ["BatchGetItem", "GenerateMac", "PutItem"]),
    ("GET", f"{LIST}/ID/conversations", None, ["BatchGetItem", "Query"]),
    ("DELETE", f"{LIST}/ID", None, ["TransactWriteItems"]),
]


@pytest.fixture
def api(api):
    """The credential is already known to API Gateway."""
    targets.register(Target(id="flow_a", tenant=api.tenant, kind="echo", settings={}, created_at=datetime.now(UTC)))
    api.get(LIST)
    return api


@pytest.mark.parametrize(("method", "path", "body", "expected"), BUDGET)
def test_an_operation_makes_these_calls_and_no_others(api, calls, method, path, body, expected):
    token_id = api.create()["clientToken"]["id"]
    calls.clear()
    assert api.request(method, path.replace("ID", token_id), body).status_code < 300
    assert calls == expected


def test_a_new_credential_costs_one_call(caller, calls):
    stranger = caller()
    calls.clear()
    stranger.get(f"{LIST}/ct_1")
    assert calls == ["GetItem"]


def test_no_role_grants_what_its_function_never_does(api, caller, guard):
    """A tour of everything that the API can do, each call under its function's role, and what is left over."""
    for method, path, body, _ in BUDGET:
        token_id = caller(api.tenant).create()["clientToken"]["id"]
        assert caller(api.tenant).request(method, path.replace("ID", token_id), body).status_code < 300
    assert guard.refused == []
    assert {name: unused for name in STACK.functions if (unused := guard.unused_grants(name))} == {}
