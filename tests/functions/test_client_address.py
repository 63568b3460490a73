"""The client's address behind a proxy: from the header if the proxy proves itself, otherwise the connection's."""

import hashlib
from datetime import UTC, datetime

import pytest

from shared.gateway import client_address
from shared.store import audit
from tests.functions.page import ADDRESS, assert_refused

SECRET, NEXT_SECRET = "1f0e-canary-proxy-secret", "2a7c-canary-proxy-secret"
PROOF = ("X-Proxy-Secret", SECRET)
VIEWER = "198.51.100.10"


def digest(secret):
    return hashlib.sha256(secret.encode()).hexdigest()


@pytest.fixture
def behind(monkeypatch):
    """`behind(header, *secrets)`: sets the deployment's two parameters in the functions' environment."""

    def behind(header, *secrets):
        monkeypatch.setenv("CLIENT_ADDRESS_HEADER", header)
        monkeypatch.setenv("PROXY_SECRET_DIGESTS", ",".join(map(digest, secrets)))

    return behind


def address(headers, connection=ADDRESS):
    sent = {}
    for name, value in headers:
        sent.setdefault(name, []).append(value)
    return client_address.resolve({"multiValueHeaders": sent}, connection)


def recorded(tenant):
    """The tenant's audit trail, oldest first."""
    return list(audit.query(tenant, None, since=None, until=None, at=datetime.now(UTC)))


def chat(page, session, message_id, headers):
    message = {"id": message_id, "role": "user", "content": "Hi"}
    return page.post("chat", {"sessionId": session, "messages": [message]}, headers)


WRITTEN = [
    ("CloudFront-Viewer-Address", "198.51.100.10:46532", "198.51.100.10"),
    ("CloudFront-Viewer-Address", "2001:db8::1:46532", "2001:db8::1"),
    ("CloudFront-Viewer-Address", "2001:0db8:0:0:1:2:3:4:1", "2001:db8::1:2:3:4"),
    ("CloudFront-Viewer-Address", "[2001:db8::1]:46532", "2001:db8::1"),
    ("CF-Connecting-IP", "198.51.100.10", "198.51.100.10"),
    ("CF-Connecting-IP", " 2001:DB8::1 ", "2001:db8::1"),
    ("X-Forwarded-For", "198.51.100.10", "198.51.100.10"),
    ("X-Forwarded-For", "192.0.2.1, 198.51.100.10", "198.51.100.10"),
    ("X-Forwarded-For", f"198.51.100.10, {ADDRESS}", "198.51.100.10"),
    ("X-Forwarded-For", f"192.0.2.1,2001:db8::1,{ADDRESS}", "2001:db8::1"),
    ("X-Forwarded-For", f"{ADDRESS}, {ADDRESS}", ADDRESS),
    ("CloudFront-Viewer-Address", "::ffff:198.51.100.10:46532", "198.51.100.10"),
    ("CF-Connecting-IP", "::ffff:198.51.100.10", "198.51.100.10"),
    ("CF-Connecting-IP", "::FFFF:c633:640a", "198.51.100.10"),
    ("X-Forwarded-For", "192.0.2.1, ::ffff:198.51.100.10", "198.51.100.10"),
]


@pytest.mark.parametrize(("header", "value", "expected"), WRITTEN)
def test_address_is_read_as_each_proxy_writes_it(behind, header, value, expected):
    behind(header, SECRET)
    for name in (header, header.lower(), header.upper()):
        assert address([(name, value), PROOF]) == expected
        assert address([(name, value), ("x-proxy-secret", SECRET)]) == expected


SPELLINGS = [
    ("2600:9000::1", "2600:9000:0:0:0:0:0:1"),
    ("2600:9000:0::0001", "2600:9000::1"),
    ("2600:9000::A", "2600:9000::a"),
    ("::ffff:203.0.113.7", "203.0.113.7"),
    ("203.0.113.7", "::ffff:203.0.113.7"),
]


@pytest.mark.parametrize(("last", "connection"), SPELLINGS)
def test_connection_is_recognized_in_every_spelling(behind, last, connection):
    behind("X-Forwarded-For", SECRET)
    assert address([("X-Forwarded-For", f"{VIEWER}, {last}"), PROOF], connection) == VIEWER


MALFORMED = {
    "CloudFront-Viewer-Address": [
        "", ":", ":1", VIEWER, "198.51.100.10:", "198.51.100.10:x", "198.51.100.10:123456", "198.51.100:1",
        "198.51.100.10:46532, 192.0.2.1:1", "2001:db8::1", "2001:db8:::1:1", "fe80::1%eth0:1", "3325256714:1",
        "\u0661.1.1.1:1", "x" * 9000,
    ],
    "CF-Connecting-IP": [
        "", "198.51.100.10:46532", "198.51.100.10, 192.0.2.1", "198.51.100.010", "198.51.100.10/32", "0x7f.1",
        "localhost", "fe80::1%eth0", "[2001:db8::1]", "x" * 9000,
    ],
    "X-Forwarded-For": [
        "", ",", "unknown", f"unknown, {ADDRESS}", f"_hidden,{ADDRESS}", ADDRESS, f", {ADDRESS}", "1," * 4000,
    ],
}  # fmt: skip


@pytest.mark.parametrize(("header", "value"), [(name, value) for name, values in MALFORMED.items() for value in values])
def test_source_address_is_used_if_the_header_is_malformed(behind, header, value):
    behind(header, SECRET)
    assert address([(header, value), PROOF]) == ADDRESS


WITHOUT_PROOF = {
    "none": [],
    "empty": [("X-Proxy-Secret", "")],
    "wrong": [("X-Proxy-Secret", "x")],
    "the digest": [("X-Proxy-Secret", digest(SECRET))],
    "a beginning": [("X-Proxy-Secret", SECRET[:-1])],
    "one character more": [("X-Proxy-Secret", SECRET + "x")],
    "twice": [PROOF, PROOF],
    "twice, and one wrong": [PROOF, ("x-proxy-secret", "x")],
    "a list": [("X-Proxy-Secret", f"{SECRET}, {SECRET}")],
    "not ASCII": [("X-Proxy-Secret", SECRET + "\ud83d")],
    "another header": [("X-Secret", SECRET)],
}


@pytest.mark.parametrize("proof", WITHOUT_PROOF.values(), ids=WITHOUT_PROOF)
@pytest.mark.parametrize("digests", [[SECRET], [NEXT_SECRET, SECRET]])
def test_source_address_is_used_without_the_secret(behind, digests, proof):
    for header, value, _ in WRITTEN:
        behind(header, *digests)
        assert address([(header, value), *proof]) == ADDRESS


@pytest.mark.parametrize("proof", [*WITHOUT_PROOF.values(), [PROOF]])
def test_source_address_is_used_without_configuration(behind, monkeypatch, proof):
    for header, value, _ in WRITTEN:
        behind("", SECRET)
        assert address([(header, value), *proof]) == ADDRESS
        behind(header)
        assert address([(header, value), *proof]) == ADDRESS
        monkeypatch.setenv("PROXY_SECRET_DIGESTS", "")
        monkeypatch.setenv("CLIENT_ADDRESS_HEADER", "")
        assert address([(header, value), *proof]) == ADDRESS


def test_source_address_is_used_if_the_header_is_repeated(behind):
    for header, value, _ in WRITTEN:
        behind(header, SECRET)
        assert address([(header, value), (header, value), PROOF]) == ADDRESS
        assert address([(header, value), (header.lower(), value), PROOF]) == ADDRESS


def test_only_the_configured_header_is_read(behind):
    behind("CF-Connecting-IP", SECRET)
    claims = [(header, value) for header, value, _ in WRITTEN[:4] + WRITTEN[6:9]]
    assert (
        address([*claims, ("X-Real-IP", VIEWER), ("True-Client-IP", VIEWER), ("Forwarded", VIEWER), PROOF]) == ADDRESS
    )


def test_both_secrets_are_accepted_during_a_rotation(behind):
    header = ("CF-Connecting-IP", VIEWER)
    for digests, counts in [
        ((SECRET,), [True, False]),
        ((SECRET, NEXT_SECRET), [True, True]),
        ((NEXT_SECRET,), [False, True]),
    ]:
        behind("CF-Connecting-IP", *digests)
        found = [address([header, ("X-Proxy-Secret", secret)]) for secret in (SECRET, NEXT_SECRET)]
        assert found == [VIEWER if one else ADDRESS for one in counts]


def test_digest_is_accepted_in_upper_case(monkeypatch):
    monkeypatch.setenv("CLIENT_ADDRESS_HEADER", "CF-Connecting-IP")
    monkeypatch.setenv("PROXY_SECRET_DIGESTS", digest(SECRET).upper())
    assert address([("CF-Connecting-IP", VIEWER), PROOF]) == VIEWER


def test_visitors_behind_one_proxy_do_not_share_a_limit(behind, page, create):
    behind("X-Forwarded-For", SECRET)
    token = create(rateLimitPerMinute=1)
    session = page.open(token.value)
    visitors = [[("X-Forwarded-For", f"203.0.113.99, 198.51.100.{number}"), PROOF] for number in range(3)]
    assert [chat(page, session, f"usr_{n}", headers).status_code for n, headers in enumerate(visitors)] == [200] * 3
    assert_refused(chat(page, session, "usr_4", visitors[0]), 429, "rate_limited")
    for spoofed in ("198.51.100.77, 198.51.100.0", "198.51.100.78, 198.51.100.0"):
        answer = chat(page, session, "usr_5", [("X-Forwarded-For", spoofed), PROOF])
        assert_refused(answer, 429, "rate_limited")


def test_429_claimed_address_without_the_secret_is_ignored(behind, page, create):
    behind("X-Forwarded-For", SECRET)
    session = page.open(create(rateLimitPerMinute=1).value)
    claims = [[("X-Forwarded-For", f"198.51.100.{number}"), ("X-Proxy-Secret", "guess")] for number in range(3)]
    statuses = [chat(page, session, f"usr_{n}", headers).status_code for n, headers in enumerate(claims)]
    assert statuses == [200, 429, 429]


def test_audit_records_the_address_that_the_proxy_names(behind, api):
    behind("CloudFront-Viewer-Address", SECRET)
    headers = {"CloudFront-Viewer-Address": "2001:db8::1:46532", "X-Proxy-Secret": SECRET}
    created = api.post("/v1/client-tokens", {"name": "Shop", "allowedOrigins": ["*"]}, **headers).json["clientToken"]
    api.put(f"/v1/client-tokens/{created['id']}", {"name": "Store"}, **headers | {"X-Proxy-Secret": "guess"})
    assert [record.context.address for record in recorded(api.tenant)] == ["2001:db8::1", "127.0.0.1"]


def test_proxy_secret_reaches_no_log_target_or_response(behind, api, page, token, assistant, output, calls):
    behind("CF-Connecting-IP", SECRET, NEXT_SECRET)
    headers = [("CF-Connecting-IP", VIEWER), PROOF]
    session = page.post("init", {"token": token.value}, headers).json["sessionId"]
    answers = [
        page.post("init", {"token": "x"}, headers),
        chat(page, session, "usr_1", headers),
        page.post("chat", "not json", headers),
        page.post("feedback", {"sessionId": session, "token": token.value, "type": "csat", "rating": 5}, headers),
        api.get("/v1/client-tokens", **dict(headers)),
        api.put(f"/v1/client-tokens/{token.id}", {"x": 1}, **dict(headers)),
        api.put(f"/v1/client-tokens/{token.id}", {"name": "y"}, **dict(headers) | {"If-Match": "x"}),
    ]
    assert len(assistant) == 1
    seen = (
        output() + str(assistant) + "".join(f"{one.headers}{one.text}" for one in answers) + str(recorded(api.tenant))
    )
    assert "answered" in seen
    for secret in (SECRET, NEXT_SECRET):
        assert secret not in seen
        assert digest(secret) not in seen
