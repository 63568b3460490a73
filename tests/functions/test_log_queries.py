"""The queries in docs/operate.md match what functions and API Gateway log."""

import json
import re

import pytest

from infra.local.api import InvocationFailed
from infra.local.template import ROOT
from tests import insights, watched
from tests.aws.event_stream import function_answer
from tests.aws.in_memory import TEMPLATE
from tests.aws.network import NETWORK, Answer
from tests.functions.page import Page

MANUAL = (ROOT / "docs/operate.md").read_text(encoding="utf-8")
QUERIES = [
    (group.strip(), insights.parse(text))
    for group, text in re.findall(r"```insights( access)?\n(.*?)```", MANUAL, re.DOTALL)
]
# The dashboard's table of client tokens, as the guide has it.
_, _, TABLE = next(
    one["properties"]["query"] for one in watched.widgets(watched.nested(TEMPLATE)) if one["type"] == "log"
).partition(" | ")
TOKENS = "/v1/client-tokens"
CREATE = {"name": "n", "allowedOrigins": ["*"]}


@pytest.fixture
def exhausted(page, register, create):
    """A visitor is refused, because the first answer leaves too little of the daily budget for another one."""
    arn = "arn:aws:lambda:us-east-1:123456789012:function:assistant"
    register("flow_priced", "aws_lambda", function_arn=arn, call_price="0.1")
    token = create(flowIds=["flow_priced"], defaultFlowId="flow_priced", dailyBudget=0.15)

    def respond(request):
        return Answer(200, function_answer({"text": "Hi"})) if request.service == "lambda" else None

    session = page.open(token.value)
    with NETWORK.hooked(respond):
        assert [page.say(session).status_code for _ in range(2)] == [200, 429]


@pytest.fixture
def session(app, page, token, interrupted, exhausted, untallied):
    """A session, after every kind of visitor request."""
    session = page.open(token.value)
    assert page.say(session).status_code == 200
    assert page.rate(session, token.value).status_code < 300
    interrupted(lambda: page.say(session))
    assert page.history("GET", session=session, secret=None).status_code == 401
    stranger = Page(app, "https://evil.example")
    assert stranger.init(token.value).status_code == 403
    token.change(originEnforcement="observe")
    assert stranger.init(token.value).status_code == 200
    token.change(originEnforcement="enforce")
    return session


@pytest.fixture
def untallied(log_group, token, aws_answers):
    """A line that the function which tallies cannot store."""
    line = json.dumps({"message": "answered", "token_id": token.id, "status": 200, "milliseconds": 9})
    with aws_answers("BatchGetItem", "ThrottlingException", 400), pytest.raises(InvocationFailed):
        log_group.deliver([line])


@pytest.fixture
def function_lines(api, caller, page, token, output, aws_answers, session):
    """The functions' log after everything that docs/operate.md explains has happened."""
    assert api.get(f"{TOKENS}/{token.id}/token").status_code == 200
    assert api.get(TOKENS, Authorization="Bearer of_nobody").status_code == 401
    assert api.get("/v1/feedback/stats").status_code == 200
    for operation, code, status, ask in (
        ("UpdateItem", "ThrottlingException", 400, lambda: page.say(session)),
        ("GenerateMac", "AccessDeniedException", 400, lambda: api.post(TOKENS, CREATE)),
        ("Query", "InternalServerError", 500, lambda: api.get(TOKENS)),
        ("GetItem", "ThrottlingException", 400, lambda: caller().get(TOKENS)),
    ):
        with aws_answers(operation, code, status):
            assert ask().status_code == 503
    lines = [json.loads(line) for line in output().splitlines()]
    return [line for line in lines if "_aws" not in line]


@pytest.fixture
def access_lines():
    """API Gateway's log of requests that it refused itself, and of those that no function answered."""
    written = TEMPLATE["Resources"]["ApiStage"]["Properties"]["AccessLogSetting"]["Format"]
    kinds = TEMPLATE["Resources"]["Api"]["Properties"]["Body"]["x-amazon-apigateway-gateway-responses"]

    def line(kind, response):
        values = {
            "status": str(response.get("statusCode", 500)),
            "error.responseType": kind,
            "resourcePath": "/v1/client/conversations",
        }
        return json.loads(re.sub(r"\$context\.([\w.]+)", lambda name: values.get(name[1], "-"), written))

    return [line(kind, response) for kind, response in kinds.items()]


def test_operations_guide_queries_both_logs():
    assert {group for group, _ in QUERIES} == {"", "access"}
    assert len(QUERIES) > 10


def test_documented_query_finds_lines_with_its_fields(function_lines, access_lines):
    for group, query in QUERIES:
        lines = access_lines if group else function_lines
        # The example id in the page stands for any id.
        found = [
            line
            for line in lines
            if query.keeps(line | {"request_id": "JKJaXmPLvHcESHA=", "requestId": "JKJaXmPLvHcESHA="})
        ]
        assert found, query.text
        assert query.fields <= {name for line in found for name in line}, query.text


def test_guide_explains_the_query_of_the_dashboard():
    assert " ".join(TABLE.split()) in {" ".join(query.text.split()) for _, query in QUERIES}


def test_documented_query_does_not_match_every_line(function_lines, access_lines):
    for group, query in QUERIES:
        lines = access_lines if group else function_lines
        assert not all(query.keeps(line) for line in lines), query.text


@pytest.mark.parametrize(
    ("query", "line", "is_kept"),
    [
        ('filter a = "x"', {"a": "x"}, True),
        ('filter a = "x"', {"a": "y"}, False),
        ('filter a = "x"', {}, False),
        ("filter a >= 500", {"a": 500}, True),
        ("filter a >= 500", {}, False),
        ("filter a like /^5/", {"a": "503"}, True),
        ("filter a like /^5/", {"a": "-"}, False),
        ('filter a in ["x", "y"] and b = 1', {"a": "y", "b": 1}, True),
        ('filter a in ["x", "y"] and b = 1', {"a": "z", "b": 1}, False),
        ("filter ispresent(a) or b = 1", {"b": 2}, False),
        ("filter ispresent(a) or b = 1", {"a": 0}, True),
        ("fields a | filter a = 1 | filter b = 2", {"a": 1, "b": 3}, False),
    ],
)
def test_filters_keep_lines_as_documented(query, line, is_kept):
    assert insights.parse(query).keeps(line) is is_kept
