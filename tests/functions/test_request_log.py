"""The line `answered` of each request names its token and, if a page was refused, the page's origin."""

import json

import pytest

from shared.rules import visitor
from tests.functions.page import ORIGIN, Page
from tests.operations import BROWSER, each


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


def test_browser_line_names_tenant_and_token(api, page, token, lines):
    lines()
    session = page.open(token.value)
    page.say(session)
    page.rate(session, token.value)
    for line, operation in zip(lines(), ["init_session", "chat", "leave_feedback"], strict=True):
        assert (line["operation"], line["tenant"], line["token_id"]) == (operation, api.tenant, token.id)
        assert "origin" not in line
        assert "principal" not in line


def test_line_of_a_session_has_no_field_that_it_does_not_need(page, token, lines):
    """AWS charges for every byte: CloudWatch stores the time, and a service and a location would always be the same."""
    lines()
    page.open(token.value)
    [line] = lines()
    assert line.keys() == {
        "level", "message", "operation", "request_id", "status", "milliseconds", "tenant", "token_id"
    }  # fmt: skip


@each(BROWSER)
def test_refused_line_names_token_and_origin(app, api, page, token, lines, operation):
    session = page.open(token.value)
    elsewhere = Page(app, "https://evil.example:8443")
    lines()
    elsewhere.do(operation, token.value, session)
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
    page.init(token.value[:-1] + ("A" if token.value[-1] != "A" else "B"))
    page.init("garbage")
    page.say(session[:-1] + ("0" if session[-1] != "0" else "1"))
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


SECRET_ID = "cs_01m85tkcek9dh4b89k1xdr8rvw_" + "a" * 20 + "_" + "b" * 32


@pytest.mark.parametrize(
    "origin",
    [
        "I am a visitor, and this is my text", "https://app.example.com/path?q=secret", "https://user:pw@example.com",
        "https://app.example.com\nforged line", "https://APP.example.com", "x" * 5000, "https://" + "a." * 3000 + "b",
        "https://a.example, https://b.example", f"https://{SECRET_ID}", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjdCJ9.c2ln",
        "https://eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjdCJ9.c2ln", "https://\ud83d.example",
    ],
    ids=lambda origin: ascii(origin)[:30],
)  # fmt: skip
def test_malformed_origin_is_not_logged(origin):
    assert visitor.loggable(origin) == "malformed"


def test_missing_origin_is_left_out():
    assert [visitor.loggable(origin) for origin in (None, "")] == [None, None]
