"""The API in this process: the template's routes, the real doors, moto; each call held to its function's role."""

import contextlib
import functools
import importlib
import itertools
import json
from datetime import UTC, datetime
from secrets import token_bytes

import pytest
from werkzeug.test import Client

from infra.local import openapi
from infra.local.api import Api, InvocationFailed
from shared.rules import api_key
from shared.rules.principal import SCOPES
from shared.store import api_keys
from tests.aws import CLIENTS, aws_answers, calls, output  # noqa: F401 - fixtures
from tests.conftest import STACK, TEMPLATE
from tests.iam.guard import Guard

ACCOUNT = "123456789012"
_tenants = (f"tenant-{number}" for number in itertools.count(1))


class Management:
    """A caller of the management plane: `api.post("/v1/client-tokens", {...})`."""

    def __init__(self, app, tenant, credential):
        self._http = Client(app)
        self.tenant = tenant
        self.credential = credential

    def request(self, method, path, body=None, **headers):
        data = json.dumps(body) if isinstance(body, dict | list) else body
        authorization = {"Authorization": f"Bearer {self.credential}"} if self.credential else {}
        return self._http.open(
            path, method=method, data=data, headers=authorization | {"Content-Type": "application/json"} | headers
        )

    def get(self, path, **headers):
        return self.request("GET", path, **headers)

    def post(self, path, body=None, **headers):
        return self.request("POST", path, body, **headers)

    def put(self, path, body=None, **headers):
        return self.request("PUT", path, body, **headers)

    def delete(self, path, body=None, **headers):
        return self.request("DELETE", path, body, **headers)

    def create(self, **terms):
        """A new client token's answer."""
        wish = {"name": "Web Client Token", "allowedOrigins": ["https://app.example.com"]} | terms
        answer = self.post("/v1/client-tokens", wish)
        assert answer.status_code == 201, answer.text
        return answer.json


def _invoke(guard, function, event):
    """Runs a function as Lambda would: its role decides its calls, and its answer is plain JSON."""
    module, _, handler = STACK.functions[function].handler.rpartition(".")
    door = getattr(importlib.import_module(f"functions.{module}"), handler)
    with guard.acting_as(function):
        try:
            return json.loads(json.dumps(door(event, None)))
        except Exception as error:
            raise InvocationFailed(type(error).__name__) from error


@pytest.fixture(scope="session")
def guard():
    values = {
        "Table.Arn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{STACK.outputs['TableName']}",
        "SigningKey.Arn": STACK.outputs["SigningKeyArn"],
    }
    guard = Guard(TEMPLATE, values)
    with guard.watching(*CLIENTS):
        yield guard
    assert guard.refused == []


@pytest.fixture(scope="session")
def app(guard):
    return Api(openapi.read_routes(TEMPLATE), functools.partial(_invoke, guard), tell=lambda _: None)


@pytest.fixture
def caller(app):
    """`caller()` is a new tenant with an API key; `caller(tenant, scopes)` one more key of a tenant."""

    def make(tenant=None, scopes=SCOPES, **key):
        tenant = tenant or next(_tenants)
        terms = {"at": datetime.now(UTC), "expires_at": None, "random_bytes": token_bytes} | key
        value, record = api_key.mint(tenant, "test", scopes, **terms)
        api_keys.add(record)
        return Management(app, tenant, value)

    return make


@pytest.fixture
def api(caller):
    """A tenant's management plane, with every scope."""
    return caller()


@pytest.fixture
def lost_answers():
    """Within `lost_answers("PutItem")` the first such answer is lost, and botocore asks again."""

    @contextlib.contextmanager
    def lose(operation):
        lost = []

        def lose_first(operation_model, response_dict, **_event):
            if operation_model.name == operation and not lost:
                lost.append(response_dict.copy())
                response_dict.update(status_code=500, body=b"{}")

        for client in CLIENTS:
            client.register("before-parse", lose_first)
        yield
        for client in CLIENTS:
            client.unregister("before-parse", lose_first)
        assert lost[0]["status_code"] == 200

    return lose
