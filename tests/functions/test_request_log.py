"""The line `answered` of each request names its token and, if a page was refused, the page's origin."""

import json

import pytest

from shared import log
from shared.rules import origin, visitor
from tests.aws.event_stream import function_answer
from tests.aws.in_memory import STACK
from tests.aws.network import NETWORK, Answer
from tests.functions.page import ORIGIN, Page, altered, events
from tests.functions.test_turns import ENDING
from tests.operations import BROWSER, each
from tests.targets import chat_completions

ASSISTANT = "arn:aws:lambda:us-east-1:123456789012:function:assistant"


@pytest.fixture
def lines(output):
    """The `answered` lines since the last call."""

    seen = 0

    def lines():
        nonlocal seen
        read = [json.loads(line) for line in output().splitlines() if line.startswith("{")]
        found = [line for line in read if line.get("message") == "answered"]
        new, seen = found[seen:], len(found)
        return new

    return lines


@pytest.mark.parametrize("environment", ["live", "test"])
def test_browser_line_names_tenant_and_token(api, page, create, lines, environment):
    token = create(environment=environment)
    lines()
    session = page.open(token.value)
    page.say(session)
    page.rate(session, token.value)
    for line, operation in zip(lines(), ["init_session", "chat", "leave_feedback"], strict=True):
        assert (line["operation"], line["tenant"], line["token_id"]) == (operation, api.tenant, token.id)
        assert line["environment"] == environment
        assert "origin" not in line
        assert "principal" not in line


def test_line_of_a_session_has_no_field_that_it_does_not_need(page, token, lines):
    """AWS charges for every byte: CloudWatch stores the time, and a service and a location would always be the same."""
    lines()
    page.open(token.value)
    [line] = lines()
    assert line.keys() == {
        "level", "message", "operation", "request_id", "status", "milliseconds", "tenant", "token_id",
        "environment", "outcome",
    }  # fmt: skip


def test_outcome_of_an_init_is_logged_only_for_a_new_session(page, token, lines):
    lines()
    session = page.open(token.value)
    page.open(token.value, sessionId=session)
    assert [line.get("outcome") for line in lines()] == ["opened", None]


def test_outcome_tells_answered_messages_from_repeated_ones(page, token, lines):
    session = page.open(token.value)
    lines()
    for _ in range(2):
        page.say(session, message_id="usr_a")
    page.post("chat", {"sessionId": session, "messages": []})
    assert [line.get("outcome") for line in lines()] == ["answered", "repeated", None]


def test_outcome_is_paused_while_the_target_waits_for_the_page(page, token, lines, register):
    """The same message repeats the calls; with their outputs, the answer is complete."""
    register("flow_echo", "aws_lambda", function_arn=ASSISTANT)
    session = page.open(token.value)
    lines()
    said = [{"toolCalls": [{"name": "ask", "parameters": {}}]}, {"text": "Green it is."}]

    def answer(request):
        return Answer(200, function_answer(said.pop(0))) if request.service == "lambda" else None

    with NETWORK.hooked(answer):
        tool = {"name": "ask", "description": "Asks", "parametersSchema": {"type": "object"}, "origin": "webmcp"}
        for _ in range(2):
            _, call = events(page.say(session, message_id="usr_a", clientTools=[tool]))[-1]
        outputs = {call["toolCallId"]: "Green"}
        page.post("resume", {"sessionId": session, "executionId": call["executionId"], "toolOutputs": outputs})
    assert [(line["operation"], line.get("outcome")) for line in lines()] == [
        ("chat", "paused"), ("chat", "repeated"), ("resume_execution", "answered")
    ]  # fmt: skip


def test_message_that_two_invocations_answer_is_answered_once(page, token, lines, clock, at_call):
    session = page.open(token.value)
    lines()
    meanwhile = []

    def overtake():
        clock.forward(seconds=STACK.functions["Chat"].timeout + 1)
        meanwhile.append(page.say(session, message_id="usr_a"))

    at_call(ENDING, overtake)
    page.say(session, message_id="usr_a")
    assert meanwhile
    assert [line["outcome"] for line in lines()] == ["answered", "repeated"]


def test_usage_and_cost_of_an_answer_are_logged(page, create, lines, register, endpoint):
    """A dollar per million tokens is a million picodollars per token, with and without a daily budget."""
    prices = {"input_price": "1", "output_price": "2"}
    register("flow_echo", "openai", base_url=endpoint.url, model="m", max_tokens=100, **prices)
    for budget in ({"dailyBudget": 5}, {}):
        session = page.open(create(**budget).value)
        lines()
        endpoint.streams(*chat_completions.answer("Yes.")[:-2], chat_completions.usage(30, 4), chat_completions.DONE)
        page.say(session, message_id="usr_a")
        page.say(session, message_id="usr_a")
        first, again = lines()
        assert (first["input_tokens"], first["output_tokens"], first["cost"]) == (30, 4, 38_000_000)
        assert not {"input_tokens", "output_tokens", "cost"} & again.keys()


def test_line_names_no_count_of_zero(page, create, lines, register, endpoint):
    """Such as the output of a question that the model's filter declined."""
    register("flow_echo", "openai", base_url=endpoint.url, model="m")
    session = page.open(create().value)
    for read, written, named in [(30, 0, {"input_tokens"}), (0, 4, {"output_tokens"}), (0, 0, set())]:
        lines()
        endpoint.streams(
            *chat_completions.answer("Yes.")[:-2], chat_completions.usage(read, written), chat_completions.DONE
        )
        page.say(session)
        [line] = lines()
        assert {"input_tokens", "output_tokens"} & line.keys() == named


def test_failed_answer_costs_what_the_budget_books(page, create, lines, register):
    """The worst case, if the target may have charged; nothing, if it surely did not."""
    register("flow_echo", "aws_lambda", function_arn=ASSISTANT, call_price="0.1")
    session = page.open(create().value)
    lines()
    answers = [Answer(500, {"Message": "no"}), Answer(404, {"Message": "no"})]
    for answer in answers:
        with NETWORK.hooked(lambda request, said=answer: said if request.service == "lambda" else None):
            assert page.say(session).status_code == 502
    charged, free = lines()
    assert (charged["cost"], "outcome" in charged) == (10**11, False)
    assert "cost" not in free


def test_answer_without_prices_logs_no_cost(page, token, lines, assistant):
    session = page.open(token.value)
    lines()
    page.say(session)
    [line] = lines()
    assert line["outcome"] == "answered"
    assert not {"input_tokens", "output_tokens", "cost"} & line.keys()


def test_previous_value_is_named_by_a_digest_while_it_works(page, token, lines, clock):
    """So its owner sees who still uses it. Neither the value nor its jti is logged."""
    first = page.open(token.value)
    old, new = token.value, token.regenerate(gracePeriodSeconds=600)
    newest = token.regenerate(gracePeriodSeconds=600)
    lines()
    for value in (old, new, newest):
        page.open(value)
    page.say(first)
    page.rate(first, old)
    page.rate(first, newest)
    of_old, of_new, *rest = [line.get("previous_value") for line in lines()]
    assert rest == [None, of_old, of_old, None]
    assert of_old != of_new
    assert {len(of_old), len(of_new)} == {6}
    clock.forward(seconds=600)
    page.init(old)
    page.say(first)
    assert [line.get("previous_value") for line in lines()] == [None, None]


def test_origin_is_logged_of_what_was_only_observed(output):
    for observed in ("origin_not_allowed", None):
        log.bind(tenant="acme", token_id="ct_1")
        log.add(observed=observed)
        log.answered(
            "chat", request_id="1", status=200, code=None, milliseconds=1, first_byte_milliseconds=None, origin="null"
        )
    first, second = map(json.loads, output().splitlines())
    assert (first["observed"], first["origin"]) == ("origin_not_allowed", "null")
    assert not {"observed", "origin"} & second.keys()


def test_line_without_a_proven_token_has_no_outcome(output):
    """What is added before `bind` belongs to nobody, also not to the next request."""
    log.add(outcome="answered", cost=1)
    log.answered("chat", request_id="1", status=200, code=None, milliseconds=1, first_byte_milliseconds=None, origin="")
    assert not {"outcome", "cost"} & json.loads(output()).keys()


@each(BROWSER)
def test_refused_line_names_token_and_origin(app, api, page, token, lines, operation):
    session = page.open(token.value)
    elsewhere = Page(app, "https://evil.example:8443")
    lines()
    elsewhere.do(operation, token.value, session, conversation_id="conv_1")
    [line] = lines()
    assert (line["code"], line["origin"]) == ("origin_not_allowed", "https://evil.example:8443")
    assert (line["tenant"], line["token_id"]) == (api.tenant, token.id)


@pytest.mark.parametrize(
    ("refused", "code"),
    [
        (lambda page, token, session: token.change(isActive=False) or page.say(session), "token_inactive"),
        (lambda page, token, session: token.change(rateLimitPerMinute=1) or page.say(session), "rate_limited"),
        (
            lambda page, token, session: token.change(maxMessagesPerSession=1) or page.say(session),
            "message_limit_reached",
        ),
        (lambda page, token, session: page.init(token.value, flowId="x"), "target_not_allowed"),
    ],
    ids=["inactive", "rate", "budget", "target"],
)
def test_every_error_for_a_known_token_names_it(page, token, lines, refused, code):
    session = page.open(token.value)
    page.say(session)
    lines()
    refused(page, token, session)
    line = lines()[-1]
    assert (line["code"], line["token_id"], line["origin"]) == (code, token.id, ORIGIN)


def test_unverified_token_and_tenant_are_not_logged(page, token, lines):
    """The context of the previous request is not logged either."""
    session = page.open(token.value)
    page.say(session)
    lines()
    page.init(altered(token.value))
    page.init("garbage")
    page.say(altered(session))
    page.post("chat", "not json")
    for line in lines():
        assert line["origin"] == ORIGIN
        assert not {"tenant", "token_id", "principal"} & line.keys()


def test_management_line_names_tenant_and_principal(api, lines):
    lines()
    api.get("/v1/client-tokens", Origin="https://dashboard.example")
    api.get("/v1/client-tokens?limit=0", Origin="https://dashboard.example")
    for line in lines():
        assert line["tenant"] == api.tenant
        assert line["principal"].startswith("key_")
        assert not {"token_id", "origin"} & line.keys()


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.com", "http://127.0.0.1:3000", "https://[2001:db8::1]:8443", "null", "app://.",
        "capacitor://localhost", "chrome-extension://abcdefghijklmnop", "https://xn--mnchen-3ya.example",
    ],
)  # fmt: skip
def test_origin_is_logged_unchanged(origin):
    assert visitor.loggable(origin) == origin


SHOWN = {
    "safari-web-extension://E8A3B7F0-0E0B-4F0E-8A54-6D1A4C2AD1C2": (
        "safari-web-extension://e8a3b7f0-0e0b-4f0e-8a54-6d1a4c2ad1c2"
    ),
    "ms-appx-web://Contoso.App": "ms-appx-web://contoso.app",
    "app://a~b": "app://a~b",
    "app://a..B:80": "app://a..b:80",
    "app://.": "app://.",
    "https://docs_v2.example": "https://docs_v2.example",
}


def test_origin_of_an_app_is_logged_as_it_is_listed():
    for sent, shown in SHOWN.items():
        assert visitor.loggable(sent) == shown
        assert origin.normalize(sent) == shown


def test_origin_of_an_app_is_shown_as_it_is_listed(app, token):
    for sent, shown in SHOWN.items():
        hint = Page(app, sent).init(token.value).json["hint"]
        assert hint == f"{shown} is not among the token's allowed origins."


SECRET_ID = "cs_01m85tkcek9dh4b89k1xdr8rvw_" + "a" * 20 + "_" + "b" * 32
# Of each kind, some in lower case.
SECRETS = [
    "ctk_" + "Ab1" * 14, "ctk_" + "ab1" * 14, "my.ctk_" + "a" * 32, "CTK_" + "A" * 42, SECRET_ID, SECRET_ID[:60],
    "cvt_" + "a" * 26 + "_" + "b" * 32, "a.cvt_" + "a" * 26, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjdCJ9.c2ln", "a-eyJzdWIi",
]  # fmt: skip


@pytest.mark.parametrize(
    "origin",
    [
        "I am a visitor, and this is my text", "https://app.example.com/path?q=secret", "https://user:pw@example.com",
        "https://app.example.com\nforged line", "https://APP.example.com", "x" * 5000, "https://" + "a." * 3000 + "b",
        "https://a.example, https://b.example", f"https://{SECRET_ID}", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjdCJ9.c2ln",
        "https://eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjdCJ9.c2ln", "https://\ud83d.example",
        *(f"{scheme}://{host}" for scheme in ("https", "app") for host in SECRETS), "app://a b", "app://a/b",
        "HTTPS://app.example.com", "App://a", "app://a@b", f"app://{'a' * 64}", "app://\u212a", "app://a:b",
    ],
    ids=lambda origin: ascii(origin)[:30],
)  # fmt: skip
def test_malformed_origin_is_not_logged(origin):
    assert visitor.loggable(origin) == "malformed"


def test_missing_origin_is_left_out():
    assert [visitor.loggable(origin) for origin in (None, "")] == [None, None]
