"""Admission: 401 for the token, 403 for the origin. Pages can read both, and both cost few reads."""

import base64
import json
from secrets import token_bytes

import jwt
import pytest
from werkzeug.test import Client

from functions.browser.init_session import handler as init_session
from shared.rules import digest, token_value
from tests.aws.network import NETWORK
from tests.functions.page import ORIGIN, Page, assert_refused

ENDPOINTS = ["init", "chat", "feedback"]


@pytest.fixture
def send(app, page, token, calls):
    """`send("chat")`: the response to a visitor with a session. `page`: send from another page."""
    session = page.open(token.value)
    calls.clear()

    def send(endpoint, page=page, value=token.value):
        match endpoint:
            case "init":
                return page.init(value)
            case "chat":
                return page.say(session)
            case "feedback":
                return page.rate(session, value)

    return send


@pytest.fixture
def reads():
    """Every read of the table: (operation, whether it is strongly consistent, kinds of partitions)."""
    seen = []

    def note(request):
        match request.operation, request.parameters:
            case "GetItem" as operation, {"Key": key, **more}:
                seen.append((operation, more.get("ConsistentRead", False), {key["pk"]["S"].partition("#")[0]}))
            case "Query" as operation, parameters:
                seen.append((operation, parameters.get("ConsistentRead", False), set()))
            case "BatchGetItem" as operation, {"RequestItems": tables}:
                for asked in tables.values():
                    kinds = {key["pk"]["S"].partition("#")[0] for key in asked["Keys"]}
                    seen.append((operation, asked.get("ConsistentRead", False), kinds))

    with NETWORK.hooked(note):
        yield seen


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_admission_reads_the_table_strongly_consistent(send, reads, endpoint):
    """Otherwise a token that was just switched off, or a session that just ended, could still be admitted."""
    reads.clear()
    assert send(endpoint).status_code == 200
    assert reads
    # An old value or usage does no harm. A config of another revision is read again, and so is a value that is missing.
    harmless = [("GetItem", False, {"VALUE"}), ("BatchGetItem", False, {"USAGE"})]
    assert [read for read in reads if not (read[1] or read in harmless)] == []


def parts(value):
    header, payload, mac = value.split(".")
    return header, payload, mac


def encoded(claims):
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()


GARBAGE = {
    "nothing": lambda _: "",
    "no token": lambda _: "ct_live_flow01k7_0123456789abcdef",
    "the token's id": token_value.subject,
    "three dots": lambda _: "...",
    "long": lambda value: value + "A" * 5000,
    "one part more": lambda value: f"{value}.{value}",
    "truncated": lambda value: value[:-1],
    "a padded signature": lambda value: value + "=",
    "a padded payload": lambda value: ".".join([parts(value)[0], parts(value)[1] + "=", parts(value)[2]]),
    "a line end": lambda value: value + "\n",
    "not ASCII": lambda value: value[:-1] + "é",
    "alg none, unsigned": lambda value: f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{parts(value)[1]}.",
    "alg none, signed": lambda value: f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{'.'.join(parts(value)[1:])}",
    "alg RS256": lambda value: f"{encoded({'alg': 'RS256', 'typ': 'JWT'})}.{'.'.join(parts(value)[1:])}",
    "unsigned": lambda value: ".".join(parts(value)[:2]) + ".",
    "deeply nested": lambda value: (
        f"{parts(value)[0]}.{base64.urlsafe_b64encode(b'[' * 690).decode()}.{parts(value)[2]}"
    ),
    "a list of claims": lambda value: f"{parts(value)[0]}.{encoded([1])}.{parts(value)[2]}",
    "a number for a subject": lambda value: f"{parts(value)[0]}.{encoded({'sub': 1})}.{parts(value)[2]}",
    "another kind of subject": lambda value: f"{parts(value)[0]}.{encoded({'sub': 'key_1'})}.{parts(value)[2]}",
    "a whole header": lambda value: f"Authorization: Bearer {value}",
    "quotes": lambda value: f'"{value}"',
    "an API key": lambda _value: "ctk_0123456789abcdefghijklmnopqrstuvwxyz01",
}


@pytest.mark.parametrize("endpoint", ["init", "feedback"])
@pytest.mark.parametrize("garbage", GARBAGE)
def test_401_malformed_token_value_makes_no_aws_call(send, token, calls, endpoint, garbage):
    body = assert_refused(send(endpoint, value=GARBAGE[garbage](token.value)), 401, "invalid_token")
    assert body["hint"].startswith("The token value is malformed: ")
    assert calls == []


@pytest.mark.parametrize("endpoint", ["init", "feedback"])
def test_401_token_signed_with_another_key(send, token, calls, endpoint):
    known = jwt.decode(token.value, options={"verify_signature": False})
    for claims in (known, known | {"sub": "ct_00000000000000000000000000"}, known | {"iss": "another deployment"}):
        forged = jwt.encode(claims, token_bytes(32), algorithm="HS256")
        hint = assert_refused(send(endpoint, value=forged), 401, "invalid_token")["hint"]
        assert hint == "It does not exist, or has been replaced."
    assert calls == ["GetItem"] * 6


def test_401_token_value_with_one_changed_character(send, token, calls):
    value = token.value
    for place, character in enumerate(value):
        changed = value[:place] + ("A" if character != "A" else "B") + value[place + 1 :]
        assert_refused(send("init", value=changed), 401, "invalid_token")
    assert set(calls) == {"GetItem"}
    assert send("init").status_code == 200


@pytest.mark.parametrize(
    "session",
    ["", "cs_", "x", "cs_" + "0" * 79, "cs_" + "0" * 5000, "conv_01m85tkcek9dh4b89k1xdr8rvw", "\N{PILE OF POO}"],
)
def test_401_malformed_session_id_makes_no_aws_call(page, calls, session):
    calls.clear()
    assert assert_refused(page.say(session), 401, "session_ended")["hint"]
    assert calls == []


def test_401_session_id_with_one_changed_character(page, token, calls):
    session = page.open(token.value)
    calls.clear()
    for place in range(len(session)):
        changed = session[:place] + ("0" if session[place] != "0" else "1") + session[place + 1 :]
        assert_refused(page.say(changed), 401, "session_ended")
    assert set(calls) == {"GetItem"}
    assert page.say(session).status_code == 200


@pytest.fixture
def keys_read():
    """The partition keys of all items that are read, in order."""
    keys = []

    def note(request):
        match request.operation:
            case "GetItem":
                keys.append(request.parameters["Key"]["pk"]["S"])
            case "BatchGetItem":
                (asked,) = request.parameters["RequestItems"].values()
                keys.extend(key["pk"]["S"] for key in asked["Keys"])

    with NETWORK.hooked(note):
        yield keys


def test_401_unknown_session_id_costs_one_read_of_its_own_key(page, token, calls, keys_read):
    """Every session id contains the public ids of its token and target. Neither is read for an unknown session."""
    session = page.open(token.value)
    made_up = session.rpartition("_")[0] + "_" + "0" * 32
    calls.clear()
    keys_read.clear()
    assert_refused(page.say(made_up), 401, "session_ended")
    assert calls == ["GetItem"]
    assert keys_read == [f"SESSION#{digest.sha256_hex(made_up)}"]


def test_401_expired_session_costs_one_read(page, create, clock, calls):
    session = page.open(create(sessionIdleTimeoutMinutes=10).value)
    clock.forward(minutes=10)
    calls.clear()
    assert_refused(page.say(session), 401, "session_ended")
    assert calls == ["GetItem"]


def test_429_over_the_limit_reads_no_target(page, create, calls, keys_read):
    session = page.open(create(rateLimitPerMinute=1).value)
    assert page.say(session).status_code == 200
    assert any(key.startswith("TARGET#") for key in keys_read)
    calls.clear()
    keys_read.clear()
    assert_refused(page.say(session), 429, "rate_limited")
    assert calls == ["GetItem", "BatchGetItem", "UpdateItem"]
    assert not any(key.startswith("TARGET#") for key in keys_read)


# The reads that find a visitor's token.
TOKEN_READ = ["GetItem", "BatchGetItem"]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize(
    ("misfortune", "code"),
    [
        (lambda token, clock: token.change(isActive=False), "token_inactive"),
        (lambda token, clock: clock.forward(hours=1), "token_expired"),
        (lambda token, clock: token.delete(), "invalid_token"),
        (lambda token, clock: token.regenerate(), "invalid_token"),
    ],
    ids=["inactive", "expired", "deleted", "regenerated"],
)
def test_401_on_the_next_request_once_the_token_is_invalid(send, token, clock, calls, endpoint, misfortune, code):
    token.change(expiresAt="2027-01-31T13:00:00.250Z", sessionIdleTimeoutMinutes=120)
    assert send(endpoint).status_code == 200
    misfortune(token, clock)
    calls.clear()
    is_value_gone = code == "invalid_token"
    code = "session_ended" if endpoint == "chat" and is_value_gone else code
    assert assert_refused(send(endpoint), 401, code)["hint"]
    assert calls == (["GetItem"] * 2 if is_value_gone and endpoint != "chat" else TOKEN_READ)


def test_200_until_the_last_millisecond_before_expiry(page, create, clock):
    token = create(expiresAt="2027-01-31T13:00:00.250Z", sessionIdleTimeoutMinutes=120)
    session = page.open(token.value)
    clock.forward(hours=1, milliseconds=-1)
    answers = page.init(token.value), page.say(session), page.rate(session, token.value)
    assert [answer.status_code for answer in answers] == [200, 200, 200]


DISGUISES = [
    "https://app.example.com.evil.example",
    "https://evil-app.example.com",
    "https://evil.example/app.example.com",
    "https://evil.example#https://app.example.com",
    "https://app.example.com@evil.example",
    "https://evil.example@app.example.com",
    "https://user:password@app.example.com",
    "https://sub.app.example.com",
    "https://example.com",
    "https://app.example.com:8443",
    "https://app.example.com:443.evil.example",
    "http://app.example.com",
    "http://app.example.com:443",
    "https://app.example.com.",
    "https://app.example.com/",
    "https://app.example.com ",
    "https://app.example.com\\.evil.example",
    "https://app.examp\u212ae.com",
    "https://*.example.com",
    "app.example.com",
    "https://",
    "null",
    "native",
    "*",
    "x" * 4000,
]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("origin", DISGUISES, ids=lambda origin: ascii(origin)[:40])
def test_403_lookalike_origin(app, send, calls, endpoint, origin):
    header = origin.encode().decode("latin-1")
    body = assert_refused(send(endpoint, Page(app, header)), 403, "origin_not_allowed")
    where = "The page's origin is null" if origin == "null" else "not among the token's allowed origins"
    assert where in body["hint"]
    assert len(body["hint"]) < 400
    assert calls == TOKEN_READ


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_403_without_an_origin_unless_the_token_lists_native(app, send, token, calls, endpoint):
    program = Page(app, None)
    hint = assert_refused(send(endpoint, program), 403, "origin_not_allowed")["hint"]
    assert "no Origin header" in hint
    assert "native" in hint
    assert "page" not in hint.lower()
    assert calls == TOKEN_READ
    token.change(allowedOrigins=[ORIGIN, "native"])
    session = program.open(token.value)
    assert program.say(session).status_code == 200
    assert program.rate(session, token.value).status_code == 200


def test_empty_origin_header_counts_as_none(app, create):
    nobody = Page(app, "")
    assert_refused(nobody.init(create(allowedOrigins=["*"]).value), 403, "origin_not_allowed")
    session = nobody.open(create(allowedOrigins=["native"]).value)
    assert Page(app, None).say(session).status_code == 200


def test_403_referer_is_not_taken_for_an_origin(app, token):
    answer = Page(app, None).post("init", {"token": token.value}, [("Referer", f"{ORIGIN}/page")])
    assert_refused(answer, 403, "origin_not_allowed")


@pytest.mark.parametrize(
    "origins", [(ORIGIN, "https://evil.example"), ("https://evil.example", ORIGIN), (ORIGIN, ORIGIN)]
)
def test_403_two_origin_headers(token, page, origins):
    answer = page.post("init", {"token": token.value}, [("Origin", origins[1])])
    assert_refused(answer, 403, "origin_not_allowed")
    event = {
        "multiValueHeaders": {"Host": ["api.example.com"], "Origin": list(origins)},
        "requestContext": {"extendedRequestId": "r", "requestTimeEpoch": 0, "identity": {"sourceIp": "203.0.113.7"}},
        "body": json.dumps({"token": token.value}),
    }
    assert init_session(event, None)["statusCode"] == 403


@pytest.mark.parametrize(
    "written", [ORIGIN, "https://APP.example.com", "https://app.example.com:443", "HTTPS://app.EXAMPLE.com"]
)
def test_200_origin_matches_in_any_spelling(app, token, written):
    assert Page(app, written).init(token.value).status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://shop.example.org", 200),
        ("https://a.b.example.org", 200),
        ("https://example.org", 403),
        ("https://evilexample.org", 403),
        ("http://shop.example.org", 403),
        ("https://shop.example.org:8443", 403),
    ],
)
def test_wildcard_admits_only_subdomains_at_any_depth(app, create, origin, status):
    token = create(allowedOrigins=["https://*.example.org"])
    assert Page(app, origin).init(token.value).status_code == status


@pytest.mark.parametrize("origin", ["null", "https://anything.example", "file://"])
def test_200_star_admits_any_origin_but_not_a_missing_one(app, create, origin):
    token = create(allowedOrigins=["*"])
    assert Page(app, origin).init(token.value).status_code == 200
    assert_refused(Page(app, None).init(token.value), 403, "origin_not_allowed")


@pytest.mark.parametrize(("method", "path"), [("GET", "chat"), ("PUT", "init"), ("DELETE", "feedback")])
def test_405_is_readable_by_pages(app, method, path):
    assert_refused(Client(app).open(f"/v1/client/{path}", method=method), 405, "method_not_allowed")


def test_404_is_readable_by_pages(page):
    assert_refused(page.post("nothing", {}), 404, "not_found")
