"""docs/architecture.md lists every kind of item in the table, and every attribute."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from infra.local.template import ROOT
from shared.store import api_keys, conversation_deletion, known_visitors, returning_visitors, table
from tests.aws.event_stream import function_answer
from tests.aws.network import NETWORK, Answer
from tests.functions.page import events
from tests.functions.test_tallies import line, refused
from tests.operations import BY_NAME

SECTION = (ROOT / "docs/architecture.md").read_text(encoding="utf-8").partition("\n## Data model\n")[2]
ROWS = [
    [cell.strip() for cell in row.strip("| ").split(" | ")]
    for row in SECTION.partition("\n## ")[0].splitlines()
    if row.startswith("| ") and not row.startswith(("| item", "| ---"))
]
COUNTER = re.compile(r"[a-z]_\d*|count_\w{6}|reserved_\d+_\w{22}")
ASSISTANT = "arn:aws:lambda:us-east-1:123456789012:function:assistant"
ALL_FIELDS = {
    "productSurfaceId": "surface_1",
    "defaultFlowId": "flow_echo",
    "agentIds": ["agent_echo"],
    "pinToVersion": "1",
    "config": {"welcomeMessage": "Hello"},
    "expiresAt": "2028-01-31T12:00:00Z",
    "dailyBudget": 1,
    "visitorHistory": True,
    "originEnforcement": "observe",
}


def _pattern(cell):
    """A documented key as a pattern: its fixed parts are in capitals."""
    return re.compile(re.sub(r"[a-z]+", ".*", re.escape(cell.strip("`"))))


def _attributes(row):
    """`The same` is as in the row above. A counter's name says what it counts."""
    cell = ROWS[row][3]
    own = {word for word in re.findall(r"`(\w+)`", cell) if not COUNTER.fullmatch(word)}
    return own | _attributes(row - 1) if cell.startswith("the same") else own


DOCUMENTED = {name: (_pattern(pk), _pattern(sk), _attributes(row)) for row, (name, pk, sk, _) in enumerate(ROWS)}


def _kind(item):
    (name,) = (
        name for name, (pk, sk, _) in DOCUMENTED.items() if pk.fullmatch(item["pk"]) and sk.fullmatch(item["sk"])
    )
    return name


def _ask_visitor(page, session, *answers):
    """The target asks the visitor something, and goes on with the answer."""
    left = list(answers)
    tool = {"name": "ask_user_question", "parametersSchema": {"type": "object"}}
    with NETWORK.hooked(lambda request: left.pop(0) if request.service == "lambda" else None):
        call = events(page.say(session, clientTools=[tool], clientToolsFingerprint="f1"))[-1][1]
        outputs = {call["toolCallId"]: "Green"}
        resumed = {"sessionId": session, "executionId": call["executionId"], "toolOutputs": outputs}
        assert page.post("resume", resumed).status_code == 200


def _display(page, value, opened):
    """Displays other texts than those of the messages: with a message, and later."""
    message = {"id": "usr_shown", "role": "user", "content": "Hello", "displayContent": "Hi"}
    assert page.post("chat", {"sessionId": page.open(value), "messages": [message]}).status_code == 200
    known = {"secret": opened["visitor"]["token"], "conversation_id": opened["conversationId"]}
    answer = page.do(BY_NAME["UpdateDisplayProjections"], value, opened["sessionId"], **known)
    assert answer.status_code == 200


def _deliver(log_group, token_id):
    """Lines of every kind of request."""
    tokens = {"first_byte_milliseconds": 1, "input_tokens": 1, "output_tokens": 1, "cost": 1}
    outcomes = [line(token_id, outcome=outcome) for outcome in ("opened", "answered", "repeated", "paused")]
    errors = [refused(token_id), line(token_id, status=502, code="target_failed")]
    observed = line(token_id, observed="origin_not_allowed", previous_value="4fG7aQ", **tokens)
    log_group.deliver([*outcomes, *errors, observed])


@pytest.fixture
def written(api, caller, create, register, page, clock, log_group):
    """Every item that was written while each operation ran."""
    keys = set()

    def note(request):
        if request.service != "dynamodb":
            return
        writes = [part for write in request.parameters.get("TransactItems", ()) for part in write.values()]
        for write in writes or [request.parameters]:
            if key := write.get("Item") or write.get("Key"):
                keys.add((key["pk"]["S"], key["sk"]["S"]))

    items = []

    def collect():
        items.extend(table.read(keys, is_consistent=True, at=None).values())

    with NETWORK.hooked(note):
        register("flow_echo", call_price="0")
        register("agent_echo", call_price="0")
        caller(api.tenant, expires_at=datetime.now(UTC) + timedelta(days=1))
        token = create(**ALL_FIELDS)
        agent = {"name": "n", "allowedOrigins": ["*"], "agentIds": ["agent_echo"]}
        for alias in ({"targetAlias": "live"}, {"targetVersionId": "1"}):
            assert api.post("/v1/client-tokens", agent | alias, **{"Idempotency-Key": alias.popitem()[0]}).json["token"]
        token.regenerate(gracePeriodSeconds=3600)
        assert api.get(f"/v1/client-tokens/{token.id}/token").status_code == 200
        value = token.regenerate(gracePeriodSeconds=3600)
        opened = page.init(value, visitorHistory=True).json
        session = opened["sessionId"]
        assert page.say(session, assistantMessageId="ast_shown").status_code == 200
        _display(page, value, opened)
        usage = {"inputTokens": 1, "outputTokens": 1}
        said = Answer(200, function_answer({"text": "Hi", "usage": usage, "suggestions": ["Order"]}))
        register("flow_echo", "aws_lambda", function_arn=ASSISTANT, call_price="0")
        with NETWORK.hooked(lambda request: said if request.service == "lambda" else None):
            assert page.say(session).status_code == 200
        calls = Answer(200, function_answer({"toolCalls": [{"name": "ask_user_question"}]}))
        _ask_visitor(page, session, calls, said)
        _ask_visitor(page, session, calls, calls)
        register("flow_echo", "aws_lambda", function_arn=f"{ASSISTANT}-gone", call_price="0")
        assert page.say(session).status_code == 502
        assert page.rate(session, value, "csat", rating=5, comment="Good").status_code == 200
        assert page.rate(session, value).status_code == 200
        api.said(token.id)
        _deliver(log_group, token.id)
        collect()
        for key in api_keys.list_by_tenant(api.tenant, at=datetime.now(UTC))[1:]:
            api_keys.revoke(key, at=datetime.now(UTC), listed_until=datetime.now(UTC) + timedelta(days=1))
        collect()
        visitor = returning_visitors.from_item(table.get(known_visitors.key(opened["visitor"]["id"]), at=None))
        returning_visitors.forget(visitor, at=clock.held)
        assert page.say(session).status_code == 502
        collect()
        conversation_deletion.delete(api.tenant, opened["conversationId"], at=clock.held)
        collect()
    return items


def test_data_model_page_lists_every_item_and_attribute(written):
    found = {}
    for item in written:
        names = {"count" if name.startswith("count_") else name for name in item} - {"pk", "sk"}
        names = {name for name in names if not COUNTER.fullmatch(name)}
        found.setdefault(_kind(item), set()).update(names)
    differences = {name: found.get(name, set()) ^ attributes for name, (_, _, attributes) in DOCUMENTED.items()}
    assert {name: attributes for name, attributes in differences.items() if attributes} == {}
