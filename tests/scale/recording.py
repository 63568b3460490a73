"""Each operation's use of the table, recorded from the real handlers."""

import json
from datetime import UTC, datetime
from secrets import token_bytes

from werkzeug.test import Client

from infra.local import openapi
from infra.local.api import Api
from shared.rules import api_key, feedback
from shared.rules.principal import SCOPES
from shared.rules.target import Target
from shared.store import api_keys, targets
from tests.aws.in_memory import TEMPLATE
from tests.functions import paused
from tests.functions.invocations import invoke, stream
from tests.functions.page import Clock, Page
from tests.operations import BROWSER, BY_NAME, MANAGEMENT
from tests.scale.recorder import Recorder

NOON = datetime(2027, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC)
CREATE, UPDATE = BY_NAME["CreateClientToken"], BY_NAME["UpdateClientToken"]
# 250 characters, a few sentences of a visitor.
TEXT = "word " * 50
PRICE = {"call_price": "0.001"}


def record():
    """Operation -> its calls, as `infra.tools.scale.operations` reads them."""
    recorder, clock = Recorder(), Clock()
    clock.held = NOON
    app = Api(openapi.read_routes(TEMPLATE), invoke, stream, clock=clock, log=lambda _: None)
    value, key = api_key.mint("scale", "recording", SCOPES, at=NOON, expires_at=None, random_bytes=token_bytes)
    api_keys.add(key)
    targets.register(Target(id="flow_echo", tenant="scale", kind="echo", settings=PRICE, created_at=NOON))
    bearer = {"Authorization": f"Bearer {value}", "Content-Type": "application/json"}

    def manage(operation, token_id="", settings=None, **known):
        method, path, body = operation.request(id=token_id, **known)
        answer = Client(app).open(path, method=method, data=body and json.dumps(settings or body), headers=bearer)
        assert answer.status_code < 300, answer.text
        return answer.json

    with recorder.recording("Authorize"):
        invoke("Authorize", {"type": "TOKEN", "methodArn": _ARN, "authorizationToken": f"Bearer {value}"})
    # From here on, API Gateway has the credential in its cache.
    manage(BY_NAME["ListClientTokens"])
    with recorder.recording(CREATE.name):
        created = manage(CREATE)
    token_id, value = created["clientToken"]["id"], created["token"]
    page = Page(app)
    with recorder.recording("InitSession, usage recorded"):
        session = page.open(value)
    for phase in ("first message", "next message"):
        with recorder.recording(f"Chat, {phase}"):
            assert page.say(session, TEXT).status_code == 200
    # A message that moves its conversation leaves the token's use to the next.
    clock.forward(minutes=10)
    for phase in ("conversation moved", "usage recorded"):
        with recorder.recording(f"Chat, {phase}"):
            assert page.say(session, TEXT).status_code == 200
    manage(UPDATE, token_id, {"dailyBudget": 1})
    with recorder.recording("Chat, daily budget"):
        assert page.say(session, TEXT).status_code == 200
    manage(UPDATE, token_id, {"dailyBudget": None})
    returning = page.init(value, visitorHistory=True).json
    secret = returning["visitor"]["token"]
    for operation in BROWSER:
        asked = _prepared(page, operation, value, session, secret)
        if operation.name != "Chat":
            with recorder.recording(operation.name):
                answer = page.do(operation, value, **asked)
                assert answer.status_code == 200
        if operation.name == "LeaveFeedback":
            feedback_id = answer.json["feedbackId"]
    conversation_id, _ = feedback.parse_id(feedback_id)
    said = {"conversation": conversation_id, "feedback": feedback_id}
    # Deletions come last.
    for operation in sorted(MANAGEMENT, key=lambda operation: not operation.repeats):
        if operation is not CREATE:
            with recorder.recording(operation.name):
                manage(operation, token_id, **said)
    return recorder.operations


def _prepared(page, operation, value, session, secret):
    """The session of the request, and what it needs: a conversation of the visitor, and an answer that waits."""
    known = {"session": session}
    if operation.is_of_history:
        spoken = page.init(value, visitorToken=secret).json
        assert page.say(spoken["sessionId"], TEXT, assistantMessageId="ast_shown").status_code == 200
        known = {"session": spoken["sessionId"], "secret": secret, "conversation_id": spoken["conversationId"]}
    if operation.name in {"ResumeExecution", "CancelExecution"}:
        known["execution"] = paused.execution(known["session"])
    return known


_ARN = "arn:aws:execute-api:us-east-1:123456789012:api/api/GET/v1/client-tokens"
