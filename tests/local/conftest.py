"""An API with routes of its own, because these tests are about API Gateway, not about our template."""

import json
import re

import pytest
from werkzeug.test import Client

from infra.local.api import Api, InvocationFailed
from infra.local.routes import Answer, Authorizer, Function, Mock, Route, Routes

BEARER = Authorizer("Authorize", "Authorization", re.compile(r"^Bearer \S+$"), ttl=60)
REFUSALS = {
    "DEFAULT_4XX": Answer(None, {"X-From": "default"}, '{"kind": "4XX", "requestId": "$context.extendedRequestId"}'),
    "DEFAULT_5XX": Answer(None, {}, '{"kind": "5XX"}'),
    "ACCESS_DENIED": Answer(
        401, {"WWW-Authenticate": "Bearer"}, '{"kind": "ACCESS_DENIED", "why": "$context.authorizer.why"}'
    ),
}
GREETING = Answer(200, {"Access-Control-Allow-Origin": "*"}, "{}")
ROUTES = Routes(
    stage="api",
    paths={
        "/things": {
            "GET": Route("/things", Function("List"), BEARER),
            "OPTIONS": Route("/things", Mock(GREETING, takes_other_types=True), None),
            "ANY": Route("/things", Mock(Answer(405, {}, '{"kind": "405"}'), takes_other_types=False), None),
        },
        "/things/{id}": {"GET": Route("/things/{id}", Function("List"), BEARER)},
        "/open/{id}": {"POST": Route("/open/{id}", Function("Open"), None)},
    },
    refusals=REFUSALS,
)


class Gateway:
    """The API with stand-ins for functions: their responses in `answers`, and the events they received."""

    def __init__(self, **options):
        self.now = 1_800_000_000.0
        self.logged = []
        self.events = []
        self.answers = {
            "List": {"statusCode": 200, "body": "[]"},
            "Open": {"statusCode": 201, "body": "{}"},
            "Authorize": self.policy("Allow"),
        }
        self.api = Api(
            ROUTES, self._invoke, lambda *_: iter(()), clock=lambda: self.now, log=self.logged.append, **options
        )
        self.http = Client(self.api)

    def policy(self, effect, resource="arn:aws:execute-api:*", **context):
        statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        return {"principalId": "somebody", "policyDocument": document, "context": context}

    def list(self, credential="Bearer secret"):
        return self.http.get("/things", headers={"Authorization": credential})

    def asked(self, function):
        return [event for name, event in self.events if name == function]

    def _invoke(self, function, event):
        self.events.append((function, event))
        answer = self.answers[function]
        if isinstance(answer, str):
            raise InvocationFailed(answer)
        if callable(answer):
            return answer(event)
        return json.loads(json.dumps(answer))


@pytest.fixture
def gateway():
    return Gateway()
