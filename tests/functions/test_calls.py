"""The AWS calls of each operation. Each role grants exactly what its function needs."""

from datetime import UTC, datetime

import pytest

from shared.aws import secret
from shared.rules.target import Target
from shared.store import targets
from shared.store.attributes import serialize
from tests.aws.in_memory import STACK
from tests.aws.item_size import item_bytes
from tests.functions import paused, stored
from tests.functions.interruptions import Crash
from tests.functions.page import reply
from tests.operations import AUDIT, BROWSER, BY_NAME, MANAGEMENT, TARGETS

SEED = {"name": "Web Client Token", "allowedOrigins": ["https://app.example.com"]}
LIST = "/v1/client-tokens"
ADMITTED = ["GetItem", "UpdateItem"]
BUDGET = [
    ("POST", LIST, SEED, ["UpdateItem", "GenerateMac", "TransactWriteItems"]),
    ("POST", LIST, SEED | {"flowIds": ["flow_a"]}, ["UpdateItem", "BatchGetItem", "GenerateMac", "TransactWriteItems"]),
    ("GET", LIST, None, ["UpdateItem", "Query", "BatchGetItem"]),
    ("GET", f"{LIST}/ID", None, ["GetItem", "BatchGetItem"]),
    ("PUT", f"{LIST}/ID", {"name": "x"}, [*ADMITTED, "BatchGetItem", "TransactWriteItems"]),
    ("PUT", f"{LIST}/ID", {"flowIds": ["flow_a"]}, [*ADMITTED, "BatchGetItem", "BatchGetItem", "TransactWriteItems"]),
    ("GET", f"{LIST}/ID/token", None, [*ADMITTED, "BatchGetItem", "GenerateMac", "PutItem"]),
    ("POST", f"{LIST}/ID/regenerate", None, [*ADMITTED, "BatchGetItem", "GenerateMac", "TransactWriteItems"]),
    ("GET", f"{LIST}/ID/conversations", None, [*ADMITTED, "BatchGetItem", "Query", "PutItem"]),
    ("GET", TARGETS, None, ["UpdateItem", "Query"]),
    ("GET", AUDIT, None, ["UpdateItem", "Query"]),
    ("GET", f"{AUDIT}?token=ID", None, ["UpdateItem", "Query"]),
    ("DELETE", f"{LIST}/ID", None, [*ADMITTED, "BatchGetItem", "TransactWriteItems"]),
]
KEYED = [
    (
        "POST",
        LIST,
        ["UpdateItem", "GetItem", "GenerateMac", "TransactWriteItems"],
        ["UpdateItem", "GetItem", "GenerateMac", "PutItem"],
    ),
    (
        "POST",
        f"{LIST}/ID/regenerate",
        [*ADMITTED, "GetItem", "BatchGetItem", "GenerateMac", "TransactWriteItems"],
        [*ADMITTED, "GetItem", "GenerateMac", "PutItem"],
    ),
]


@pytest.fixture
def api(api):
    """API Gateway has already cached the credential."""
    targets.register(Target(id="flow_a", tenant=api.tenant, kind="echo", settings={}, created_at=datetime.now(UTC)))
    api.get(LIST)
    return api


@pytest.mark.parametrize(("method", "path", "body", "expected"), BUDGET)
def test_operation_makes_exactly_these_calls(api, calls, method, path, body, expected):
    token_id = api.create()["clientToken"]["id"]
    calls.clear()
    assert api.request(method, path.replace("ID", token_id), body).status_code < 300
    assert calls == expected


@pytest.mark.parametrize(("method", "path", "first", "again"), KEYED)
def test_idempotency_key_costs_one_more_call(api, calls, method, path, first, again):
    path = path.replace("ID", api.create()["clientToken"]["id"])
    body = SEED if path == LIST else None
    for expected in (first, again):
        calls.clear()
        assert api.request(method, path, body, **{"Idempotency-Key": "1"}).status_code < 300
        assert calls == expected


def test_new_credential_costs_one_call(caller, calls):
    stranger = caller()
    calls.clear()
    stranger.get(f"{LIST}/ct_1")
    assert calls == ["GetItem"]


COUNTED = ["BatchGetItem", "UpdateItem"]
# The session; token and use; the attempt is counted; the target.
ADMITTED = ["GetItem", *COUNTED, "GetItem"]
# The session accepts the message, the turn is stored, and the record counts it.
BEGUN = ["UpdateItem", "PutItem", "UpdateItem"]


def test_new_session_costs_five_calls_and_a_resumed_one_four(page, token, clock, calls):
    """With a config, five too."""
    page.open(token.value)
    calls.clear()
    session = page.open(token.value)
    assert calls == ["GetItem", *COUNTED, "BatchGetItem", "UpdateItem"]
    clock.forward(minutes=1)
    calls.clear()
    assert page.open(token.value, sessionId=session) == session
    assert calls == ["GetItem", *COUNTED, "UpdateItem"]


def test_feedback_costs_five_calls(page, token, calls):
    session = page.open(token.value)
    calls.clear()
    assert page.rate(session, token.value).status_code == 200
    assert calls == ["GetItem", *COUNTED, "PutItem", "GetItem"]


def test_message_costs_eight_calls_and_a_use_one_more(page, token, clock, calls):
    """The first is a conversation more to count. A use is recorded in every ten minutes, but not with a move."""
    session = page.open(token.value)
    for number in range(12):
        calls.clear()
        assert page.say(session).status_code == 200
        counted = ["UpdateItem"] * (number in {0, 11})
        assert calls == [*ADMITTED, *BEGUN, *counted, "UpdateItem"]
        clock.forward(minutes=1)


def test_stored_reply_costs_four_calls(page, token, calls):
    session = page.open(token.value)
    page.say(session, message_id="usr_1")
    calls.clear()
    assert page.say(session, message_id="usr_1").status_code == 200
    assert calls == ["GetItem", *COUNTED, "GetItem"]


def test_taking_over_a_turn_costs_eight_calls(page, token, clock, calls, at_call):
    session = page.open(token.value)
    page.say(session)
    at_call(8, _crash)
    with pytest.raises(Crash):
        page.say(session, message_id="usr_1")
    clock.forward(seconds=STACK.functions["Chat"].timeout + 1)
    calls.clear()
    assert page.say(session, message_id="usr_1").status_code == 200
    assert calls == ["GetItem", *COUNTED, "GetItem", "GetItem", *["UpdateItem"] * 3]


@pytest.mark.parametrize(("character", "units"), [("u", 1), ("🙂", 2)])
def test_stored_message_costs_one_write_unit_plus_its_text(page, token, character, units):
    """A unit covers 1 KB of the whole item, which includes the longest ids that a page may send."""
    session = page.open(token.value)
    said = page.say(session, message_id=character * 128, assistantMessageId=character * 128)
    assert said.status_code == 200
    (turn,) = stored.beside(session, "MESSAGE#")
    assert item_bytes(serialize(turn)) - len((turn["text"] + turn["reply"]).encode()) < 1024 * units


def _crash():
    raise Crash


def test_history_costs_one_more_query(page, token, calls, assistant):
    session = page.open(token.value)
    page.say(session)
    for _ in range(2):
        calls.clear()
        assert reply(page.say(session)) == "Hi there"
        assert calls == [*ADMITTED, *BEGUN, "Query", "", "UpdateItem"]


def _use_history(page, token, clock):
    """Everything that a returning visitor can do."""
    nobodys = page.open(token.value)
    assert page.say(nobodys).status_code == 200
    opened = page.init(token.value, visitorHistory=True, sessionId=nobodys).json
    session, secret = opened["sessionId"], opened["visitor"]["token"]
    clock.forward(days=1)
    session = page.init(token.value, visitorToken=secret, conversationId=opened["conversationId"]).json["sessionId"]
    assert page.open(token.value, sessionId=session) == session
    assert page.do(BY_NAME["ResumeExecution"], token.value, session).status_code == 200
    shown = {"session": session, "secret": secret}
    newest = page.history("GET", f"/{opened['conversationId']}", query="&messageLimit=1", **shown).json
    older = f"&messageCursor={newest['nextMessageCursor']}"
    assert page.history("GET", f"/{opened['conversationId']}", query=older, **shown).status_code == 200
    for operation in (one for one in BROWSER if one.is_of_history):
        spoken = page.init(token.value, visitorToken=secret).json
        assert page.say(spoken["sessionId"], assistantMessageId="ast_shown").status_code == 200
        assert page.rate(spoken["sessionId"], token.value).status_code == 200
        shown = {"secret": secret, "conversation_id": spoken["conversationId"]}
        answer = page.do(operation, token.value, spoken["sessionId"], **shown)
        assert answer.status_code == 200, answer.text


def test_no_role_grants_an_unused_action(api, caller, page, token, guard, register, request):
    """Runs everything that the API can do, each call under its function's role. No grant may be left unused."""
    log_group = request.getfixturevalue("log_group")
    session = page.open(token.value)
    for target, said in (("assistant", "Hi there"), ("model", "Good day"), ("endpoint_with_key", "Yes, we do.")):
        request.getfixturevalue(target)
        for _ in range(2):
            assert reply(page.say(session, message_id=target)) == said
        # Another function, with nothing kept.
        secret._kept.clear()
        assert reply(page.do(BY_NAME["ResumeExecution"], token.value, session)) == said
    assert page.open(token.value, sessionId=session) == session
    assert page.rate(session, token.value).status_code == 200
    assert token.conversations()
    log_group.deliver()
    rotated = caller(api.tenant).create()["clientToken"]["id"]
    assert api.post(f"{LIST}/{rotated}/regenerate", {"gracePeriodSeconds": 60}).status_code == 200
    assert api.get(f"{LIST}/{rotated}").status_code == 200
    register("flow_echo", call_price="0")
    token.change(dailyBudget=1)
    assert page.say(session).status_code == 200
    assert token.record()["spentToday"] == 0
    assert api.get(f"{LIST}/{token.id}/usage").status_code == 200
    for offered in ({"clientTools": []}, {}):
        assert page.say(session, clientToolsFingerprint="f1", **offered).status_code == 200
    outputs = {"sessionId": session, "executionId": paused.execution(session), "toolOutputs": {"ask": 1}}
    assert page.post("resume", outputs | {"clientTools": []}).status_code == 200
    for operation in MANAGEMENT:
        for headers in [{}, *[{"Idempotency-Key": "1"}] * operation.takes_key]:
            token_id = caller(api.tenant).create()["clientToken"]["id"]
            api.said(token_id)
            assert caller(api.tenant).do(operation, token_id, **headers).status_code < 300
    known = api.said(token.id)
    for query in (
        "conversations",
        f"conversations?client_token_id={token.id}",
        "conversations?surface_id=none",
        f"conversations?ownerId=cvis_{'0' * 22}",
        f"audit?token={token.id}",
        "feedback",
        f"feedback?record_id={known['conversation']}",
        f"feedback/stats?record_id={known['conversation']}",
    ):
        assert api.get(f"/v1/{query}").status_code == 200
    # Feedback on a conversation that was deleted is stored, and removed again.
    assert api.delete(f"/v1/conversations/{stored.record(session)['conversation_id']}").status_code == 200
    assert page.rate(session, token.value).status_code == 404
    _use_history(page, token, request.getfixturevalue("clock"))
    # A config is written, read by init, and cleared.
    configured = caller(api.tenant).create(flowIds=["flow_echo"], config={"welcomeMessage": "Hi"})
    page.open(configured["token"])
    assert api.put(f"{LIST}/{configured['clientToken']['id']}", {"config": {}}).status_code == 200
    # Without registered targets, ids are labels.
    labeler = caller()
    settings = {"name": "Web", "allowedOrigins": ["https://app.example.com"], "flowIds": ["label"]}
    assert labeler.post(f"{LIST}/check", settings).status_code == 200
    labeled = labeler.create(flowIds=["label"])["clientToken"]["id"]
    assert labeler.put(f"{LIST}/{labeled}", {"flowIds": ["other"]}).status_code == 200
    assert guard.refused == []
    assert {name: unused for name in STACK.functions if (unused := guard.unused_grants(name))} == {}
    assert {name: rest for name in STACK.functions if (rest := guard.dispensable_statements(name))} == {}
