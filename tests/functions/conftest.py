"""The API in this process: the template's routes, the real handlers, moto; each call held to its function's role."""

import contextlib
import itertools
import json
from datetime import UTC, datetime
from secrets import token_bytes
from uuid import uuid4

import boto3
import pytest
from werkzeug.test import Client

from infra.local import openapi
from infra.local.access import REGION
from infra.local.api import Api, InvocationFailed
from shared.rules import api_key, timestamps, turn
from shared.rules import session as sessions_rules
from shared.rules.answer import Ending
from shared.rules.feedback import Feedback
from shared.rules.principal import SCOPES
from shared.rules.target import Target
from shared.rules.target_request import Message
from shared.store import api_keys, client_tokens, sessions, targets, turns
from shared.store import feedback as feedback_store
from tests.aws.event_stream import function_answer, model_answer
from tests.aws.fixtures import aws_answers, aws_unreachable, calls, output  # noqa: F401 - fixtures
from tests.aws.in_memory import STACK, TEMPLATE
from tests.aws.network import NETWORK, Answer
from tests.functions import client_tools, invocations
from tests.functions.clerk import clerk, trust  # noqa: F401 - fixtures
from tests.functions.documented import Documented
from tests.functions.interruptions import at_call, busy, contended, crash_after, interrupted  # noqa: F401 - fixtures
from tests.functions.owner import talk  # noqa: F401 - a fixture
from tests.functions.page import Clock, Page
from tests.functions.returning_visitors import browser, first, secret  # noqa: F401 - fixtures
from tests.functions.subscribed import Log
from tests.iam.guard import Guard
from tests.targets.chat_completions import endpoint as endpoint  # noqa: PLC0414 - a fixture

ACCOUNT = "123456789012"
MODEL = f"arn:aws:bedrock:{REGION}::foundation-model/amazon.nova-lite-v1:0"
ENDPOINT_KEY = "sk-canary-7f3a"
_clock = Clock()
# Tenant -> the ids of what its visitor wrote.
_said = {}
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

    def do(self, operation, token_id="", of=None, **headers):
        """An operation of the table, on a client token, or on what `said` has left in this tenant or that of `of`."""
        known = _said.get((of or self).tenant, {})
        return self.request(*operation.request(id=token_id, **known), **headers)

    def said(self, token_id, **feedback):
        """A visitor's conversation of a message, its answer, and feedback, which the next operations are on."""
        at = timestamps.floor_to_millisecond(datetime.now(UTC) if _clock.held is None else _clock.held)
        token = client_tokens.get_record(self.tenant, token_id)
        _, session = sessions_rules.mint(
            token, jti="j", target_id="flow_echo", origin="", at=at, random_bytes=token_bytes
        )
        sessions.save(session)
        message = Message(id="usr_1", role="user", text="My name is Ada", at=at)
        begun = turns.begin(session, token, message, turn.lease("holder", at), stored=None, at=at)
        turns.complete(session, turn.answered(begun, "ast_1", "Hi Ada", Ending()))
        given = Feedback(**{"type": "csat", "message_id": None, "rating": 5, "comment": "Thanks, Ada"} | feedback)
        feedback_id = feedback_store.put(session, token.product_surface_id, given, at=at)
        _said[self.tenant] = {"conversation": session.conversation_id, "feedback": feedback_id}
        return _said[self.tenant]

    def create(self, **settings):
        """A new client token's answer."""
        fields = {"name": "Web Client Token", "allowedOrigins": ["https://app.example.com"]} | settings
        answer = self.post("/v1/client-tokens", fields)
        assert answer.status_code == 201, answer.text
        return answer.json


class Functions:
    """Runs functions as Lambda would: a function's role decides its calls."""

    def __init__(self, guard):
        self._guard = guard

    def invoke(self, function, event):
        with self._acting_as(function):
            return invocations.invoke(function, event)

    def stream(self, function, event):
        with self._acting_as(function):
            yield from invocations.stream(function, event)

    @contextlib.contextmanager
    def _acting_as(self, function):
        with self._guard.acting_as(function):
            try:
                yield
            except Exception as error:
                raise InvocationFailed(type(error).__name__) from error


@pytest.fixture(scope="session")
def guard():
    values = {
        "Table.Arn": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{STACK.outputs['TableName']}",
        "SigningKey.Arn": STACK.outputs["SigningKeyArn"],
        "TargetFunctionPrefix": "assistant",
        "BedrockModelArns": MODEL,
        "TargetSecretPrefix": "assistant",
        "AWS::Partition": "aws",
        "AWS::Region": REGION,
        "AWS::AccountId": ACCOUNT,
    }
    guard = Guard(TEMPLATE, values)
    with NETWORK.hooked(guard.authorize):
        yield guard
    assert guard.refused == []


@pytest.fixture(scope="session")
def app(guard):
    functions = Functions(guard)
    # How long API Gateway waits is for tests/local to show; here only a slow machine would meet it.
    routes = openapi.read_routes(TEMPLATE)
    api = Api(routes, functions.invoke, functions.stream, clock=_clock, timeout=600, log=lambda _: None)
    app = Documented(api, routes)
    yield app
    assert app.undocumented == set()
    assert app.no_sentences == set()


@pytest.fixture
def log_group(guard, output):  # noqa: F811 - a fixture
    """`log_group.deliver()`: hands the lines of visitors' requests to the function that tallies them."""
    return Log(Functions(guard), output)


@pytest.fixture
def clock():
    """The API's clock, held at a quarter of a second past noon: it moves when a test says so."""
    _clock.held = datetime(2027, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC)
    yield _clock
    _clock.held = None


@pytest.fixture
def caller(app):
    """`caller()` is a new tenant with an API key; `caller(tenant, scopes)` one more key of a tenant."""

    def make(tenant=None, scopes=SCOPES, **key):
        tenant = tenant or next(_tenants)
        settings = {"at": datetime.now(UTC), "expires_at": None, "random_bytes": token_bytes} | key
        value, record = api_key.mint(tenant, "test", scopes, **settings)
        api_keys.add(record)
        return Management(app, tenant, value)

    return make


@pytest.fixture
def status(app):
    """The status of a list request with a session token."""
    return lambda token: Management(app, "", token).get("/v1/client-tokens").status_code


@pytest.fixture
def api(caller):
    """A tenant's management plane, with every scope."""
    return caller()


@pytest.fixture
def assistant(register):
    """The flow's target is a Lambda function, which answers "Hi there"; this is the list of events that it is sent."""
    register("flow_echo", "aws_lambda", function_arn="arn:aws:lambda:us-east-1:123456789012:function:assistant")
    asked = []

    def answer(request):
        if request.service == "lambda":
            asked.append(request.parameters)
            return Answer(200, function_answer({"text": "Hi there"}))
        return None

    with NETWORK.hooked(answer):
        yield asked


@pytest.fixture
def function(register):
    """The flow's target is a Lambda function, which returns each of `function.answers` once."""
    register("flow_echo", "aws_lambda", function_arn=client_tools.ARN)
    function = client_tools.Function()
    with NETWORK.hooked(function):
        yield function


@pytest.fixture
def model(register):
    """The flow's target is a model, which answers "Good day"."""
    register("flow_echo", "bedrock", model_id=MODEL)
    said = Answer(200, model_answer("Good day"))
    with NETWORK.hooked(lambda request: said if request.service == "bedrock-runtime" else None):
        yield


@pytest.fixture
def endpoint_with_key(register, endpoint):
    """The flow's target is an endpoint that speaks chat completions, and answers "Yes, we do."; this is its server."""
    secrets_manager = boto3.client("secretsmanager")
    arn = secrets_manager.create_secret(Name=f"assistant/{uuid4()}", SecretString=ENDPOINT_KEY)["ARN"]
    register("flow_echo", "openai", base_url=endpoint.url, model="tea-1", secret_arn=arn)
    yield endpoint
    secrets_manager.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)


@pytest.fixture
def page(app, clock):
    """A visitor's page, where the token may be used."""
    return Page(app)


@pytest.fixture
def register(api):
    """`register("agent_sales", "bedrock", model_id="m")`: a flow or an agent, which echoes unless told."""

    def register(target_id, kind="echo", **settings):
        at = datetime.now(UTC)
        before = next((one for one in targets.list_by_tenant(api.tenant) if one.id == target_id), None)
        made = Target(id=target_id, tenant=api.tenant, kind=kind, settings=settings, created_at=at)
        targets.register(made, replaces=before)

    return register


@pytest.fixture
def create(api, clock, register):
    """`create(rateLimitPerMinute=5)`: a client token for a flow that echoes each message."""
    register("flow_echo")
    return lambda **settings: Token(api, api.create(**{"flowIds": ["flow_echo"]} | settings))


class Token:
    """A client token, and what its owner does with it."""

    def __init__(self, api, created):
        self._api = api
        self.id = created["clientToken"]["id"]
        self.value = created["token"]
        self._path = f"/v1/client-tokens/{self.id}"

    def change(self, **settings):
        assert self._api.put(self._path, settings).status_code == 200

    def regenerate(self, **settings):
        """The new value."""
        return self._api.post(f"{self._path}/regenerate", settings).json["token"]

    def delete(self):
        assert self._api.delete(self._path).status_code == 200

    def record(self):
        return self._api.get(self._path).json["clientToken"]

    def conversations(self, query=""):
        return self._api.get(f"{self._path}/conversations{query}").json["conversations"]


@pytest.fixture
def token(create):
    return create()


@pytest.fixture
def lost_answers():
    """Within `lost_answers("TransactWriteItems")` the first such answer is lost, and our client asks again."""

    @contextlib.contextmanager
    def lose(operation):
        lost = []

        def lose_first(request, answer):
            if request.operation == operation and not lost:
                lost.append(answer.status)
                raise TimeoutError

        with NETWORK.hooked(after=lose_first):
            yield
        assert lost == [200]

    return lose
