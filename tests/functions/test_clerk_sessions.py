"""People who are signed in with Clerk: 401 for anything but a valid session token, and scopes by organization role."""

import json
from datetime import UTC, datetime

import jwt
import pytest

from shared.store import audit
from tests.functions.clerk import DEEP, PARTY, STRANGERS_KEY, seconds_from_now
from tests.functions.conftest import Management
from tests.functions.test_credentials import LIST, assert_expired, assert_unauthenticated
from tests.operations import MANAGEMENT, UNKNOWN_ID


@pytest.mark.parametrize(
    ("claims", "tenant"),
    [
        ({}, "user_1"),
        ({"org_id": "org_1", "org_role": "org:admin"}, "org_1"),
        ({"o": {"id": "org_2", "rol": "admin"}, "org_id": "org_1"}, "org_2"),
        ({"o": {}}, "user_1"),
    ],
)
def test_200_tenant_is_the_organization_or_the_user(app, clerk, caller, claims, tenant):
    caller(tenant).create(name=f"of {tenant}")
    answer = Management(app, tenant, clerk.token(**claims)).get(LIST)
    assert answer.status_code == 200
    assert f"of {tenant}" in [token["name"] for token in answer.json["clientTokens"]]


def test_audit_record_names_the_user(app, clerk, clock):
    clock.held = datetime.now(UTC)
    role = {"org_id": "org_7", "org_role": "org:admin"}
    one, other = (Management(app, "org_7", clerk.token(**role, sub=user)) for user in ("user_1", "user_2"))
    path = f"{LIST}/{one.create()['clientToken']['id']}"
    assert other.get(f"{path}/token").status_code == 200
    records = audit.query("org_7", None, since=None, until=None, at=clock.held)
    assert {(record.context.actor, record.action) for record in records} == {("user_1", "create"), ("user_2", "reveal")}


def test_idempotency_key_is_scoped_to_the_organization(app, clerk):
    tokens = [
        Management(app, organization, clerk.token(o={"id": organization, "rol": "admin"})).post(
            LIST, {"name": "Shop", "allowedOrigins": ["*"]}, **{"Idempotency-Key": "the same"}
        )
        for organization in ("org_8", "org_9")
    ]
    assert [answer.status_code for answer in tokens] == [201, 201]
    assert len({answer.json["token"] for answer in tokens}) == 2


def test_session_costs_no_aws_call_and_one_fetch_of_the_key_set(app, clerk, calls):
    for subject in ("user_1", "user_2", "user_3"):
        assert Management(app, subject, clerk.token(sub=subject)).get(LIST).status_code == 200
    assert "GetItem" not in calls
    assert clerk.fetched == 1


# Other JWTs of the instance, and tokens that are not for this deployment -> the reason in the log.
# Times count from the start of the run, which may take an hour on a busy machine: "not yet" is a day away.
REJECTED = {
    "a machine token": (
        {"header": {"cat": "cl_B7d4PD333AAA"}, "sub": "mch_1", "sid": None, "azp": None},
        "not_a_session_token",
    ),
    "a machine token without a category": ({"header": {"cat": None}, "sub": "mch_1"}, "not_a_session_token"),
    "a JWT of a template": ({"header": {"cat": "cl_B7d4PD222AAA"}}, "not_a_session_token"),
    "a JWT of a template without a category": ({"header": {"cat": None}, "sid": None}, "not_a_session_token"),
    "an OAuth access token": ({"header": {"typ": "at+jwt"}, "client_id": "c"}, "not_a_session_token"),
    "a token without a type": ({"header": {"typ": ""}}, "not_a_session_token"),
    "a category of no kind": ({"header": {"cat": ""}}, "not_a_session_token"),
    "without a session": ({"sid": None}, "not_a_session_token"),
    "an empty session": ({"sid": ""}, "not_a_session_token"),
    "without a subject": ({"sub": None}, "not_a_session_token"),
    "an empty subject": ({"sub": ""}, "not_a_session_token"),
    "no more than a prefix": ({"sub": "user_"}, "not_a_session_token"),
    "a subject with a line break": ({"sub": "user_1\n"}, "not_a_session_token"),
    "an organization as subject": ({"sub": "org_1"}, "not_a_session_token"),
    "a task left": ({"sts": "pending"}, "session_pending"),
    "another party": ({"azp": "https://evil.example"}, "wrong_party"),
    "a party's subdomain": ({"azp": "https://a.dashboard.example.com"}, "wrong_party"),
    "a party over http": ({"azp": "http://dashboard.example.com"}, "wrong_party"),
    "no party": ({"azp": None}, "wrong_party"),
    "another issuer": ({"iss": "https://clerk.elsewhere.example"}, "wrong_issuer"),
    "no issuer": ({"iss": None}, "wrong_issuer"),
    "expired": ({"exp": seconds_from_now(-6)}, "expired"),
    "no expiry": ({"exp": None}, "malformed"),
    "not yet valid": ({"nbf": seconds_from_now(86_400)}, "not_yet_valid"),
    "issued in the future": ({"iat": seconds_from_now(86_400)}, "not_yet_valid"),
    "an unknown key": ({"header": {"kid": "kid-unknown"}}, "unknown_signing_key"),
    "no key": ({"header": {"kid": None}}, "unknown_signing_key"),
    "a stranger's signature": ({"key": STRANGERS_KEY}, "bad_signature"),
    "a shared secret": ({"key": "secret" * 10, "algorithm": "HS256"}, "bad_signature"),
    "no algorithm": ({"key": None, "algorithm": "none"}, "bad_signature"),
    "RS512": ({"algorithm": "RS512"}, "bad_signature"),
    "PS256": ({"algorithm": "PS256"}, "bad_signature"),
    "another tenant's name as organization": ({"org_id": "acme", "org_role": "org:admin"}, "malformed"),
    "an organization without an id": ({"o": {"rol": "admin"}}, "malformed"),
}


@pytest.mark.parametrize(("token", "reason"), REJECTED.values(), ids=REJECTED)
def test_401_for_invalid_session_tokens_with_the_reason_logged(app, clerk, output, token, reason):
    value = clerk.token(**token)
    assert_unauthenticated(Management(app, "user_1", value).get(LIST))
    lines = [json.loads(line) for line in output().splitlines()]
    assert [line["reason"] for line in lines if line.get("message") == "rejected"] == [reason]
    assert [line for line in lines if line.get("message") == "fault"] == []


WORDS = {
    "another issuer": "The claim iss",
    "another party": "The claim azp",
    "a task left": "The sign-in is not complete",
    "an unknown key": "Send a new session token",
    "a stranger's signature": "Send a new session token",
    "no expiry": "Copy it again",
}


@pytest.mark.parametrize(("name", "words"), WORDS.items(), ids=WORDS)
def test_401_says_what_is_wrong_with_a_session_token(app, clerk, name, words):
    answer = Management(app, "user_1", clerk.token(**REJECTED[name][0])).get(LIST)
    assert_unauthenticated(answer)
    assert words in answer.json["hint"]


@pytest.mark.parametrize("header", [{"typ": "jwt"}, {"typ": "JWT"}, {"cat": None}])
def test_200_session_token_with_or_without_a_category(clerk, status, header):
    assert status(clerk.token(header=header)) == 200


SHAPES = [
    b"null", b"true", b"false", b"0", b"-1", b"1.5", b"1e300", b"-1e300", b"1e999", b"NaN", b"-Infinity",
    b"9" * 400, b"9" * 5000, b'""', b'"text"', b'"\\ud800"', b'"\\u0000"', b'"%s"' % (b"x" * 3000), b"[]",
    b'["user_1"]', b"[null]", b"{}", b'{"a": 1}', b'{"id": null}', b'{"id": 5}', b'{"id": ["org_1"]}', b'{"id": ""}',
    DEEP,
]  # fmt: skip

# Exceptions: values that mean the same as no claim, times long ago, and any text in fields whose format is Clerk's.
FINE = {
    "nbf": {b"null", b"0", b"1.5"},
    "iat": {b"null", b"0", b"1.5"},
    "sid": {b'"text"'},
    "sts": {b"null"},
    "o": {b"null", b"{}"},
    "org_id": {b"null"},
    "cat": {b"null"},
}


def with_shape(fields, name, shape):
    """The JSON of `fields` with one field replaced by a value of any type."""
    rest = json.dumps({key: value for key, value in fields.items() if key != name}).encode()
    return b'%s, "%s": %s}' % (rest[:-1], name.encode(), shape)


@pytest.mark.parametrize("name", ["iss", "exp", "nbf", "iat", "sub", "sid", "azp", "sts", "o", "org_id"])
def test_401_for_claims_of_other_json_types(clerk, status, output, name):
    header = {"alg": "RS256", "typ": "JWT", "kid": "kid-1"}
    for shape in SHAPES:
        expected = 200 if shape in FINE.get(name, set()) else 401
        assert status(clerk.signed(header, with_shape(clerk.claims(), name, shape))) == expected, shape[:40]
    assert '"fault"' not in output()


@pytest.mark.parametrize("name", ["typ", "cat", "kid", "alg", "crit"])
def test_401_for_header_parameters_of_other_json_types(clerk, status, output, name):
    header = {"alg": "RS256", "typ": "JWT", "kid": "kid-1"}
    for shape in SHAPES:
        expected = 200 if shape in FINE.get(name, set()) else 401
        assert status(clerk.signed(with_shape(header, name, shape), clerk.claims())) == expected, shape[:40]
    assert '"fault"' not in output()


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        (DEEP, {}),
        ({"alg": "RS256"}, DEEP),
        (b"[]", b"[]"),
        (b"null", b"null"),
        ({"alg": "RS256", "typ": "JWT", "kid": "kid-1"}, b"\xff\xfe"),
        ({"alg": "RS256", "typ": "JWT", "kid": "kid-1"}, b""),
        ({"alg": "RS256", "typ": "JWT", "kid": "kid-1", "b64": False, "crit": ["b64"]}, {}),
    ],
)
def test_401_for_a_credential_that_is_not_a_jwt(clerk, status, output, header, claims):
    assert status(clerk.signed(header, claims)) == 401
    assert '"fault"' not in output()
    assert clerk.fetched == 0


def test_401_for_a_public_key_used_as_a_secret(app, clerk):
    header = jwt.utils.base64url_encode(b'{"alg":"HS256","typ":"JWT","kid":"kid-1"}')
    payload = jwt.utils.base64url_encode(json.dumps(clerk.claims()).encode())
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        header + b"." + payload, json.dumps(clerk.public_key("kid-1")).encode()
    )
    token = b".".join([header, payload, jwt.utils.base64url_encode(mac)]).decode()
    assert_unauthenticated(Management(app, "user_1", token).get(LIST))


def test_tokens_of_another_issuer_cost_no_fetch(clerk, status):
    assert status(clerk.token(iss="https://clerk.elsewhere.example", header={"kid": "kid-elsewhere"})) == 401
    assert clerk.fetched == 0


def test_200_with_a_clock_skew_of_five_seconds(clerk, status):
    for skewed in ({"exp": seconds_from_now(-1)}, {"nbf": seconds_from_now(3)}, {"iat": seconds_from_now(3)}):
        assert status(clerk.token(**skewed)) == 200


@pytest.mark.parametrize("organization", [None, {"id": "org_1", "rol": "admin"}])
def test_401_once_a_cached_session_token_expires(app, clerk, clock, organization):
    clock.held = datetime.now(UTC)
    tenant = organization["id"] if organization else "user_1"
    person = Management(app, tenant, clerk.token(exp=seconds_from_now(20), o=organization))
    assert person.get(LIST).status_code == 200
    clock.forward(seconds=24)
    assert person.get(LIST).status_code == 200
    clock.forward(seconds=2)
    assert_expired(person.get(LIST))


@pytest.mark.parametrize(
    ("configured", "issued"),
    [
        ("http://127.0.0.1:{port}/", "http://127.0.0.1:{port}"),
        ("http://127.0.0.1:{port}", "http://127.0.0.1:{port}/"),
        ("HTTP://LocalHost:{port}//", "http://localhost:{port}"),
        (" http://localhost:{port} ", "http://LOCALHOST:{port}"),
    ],
)
def test_issuer_matches_with_a_trailing_slash_or_in_capitals(clerk, status, trust, configured, issued):
    port = clerk.server.server_port
    trust(configured.format(port=port))
    assert status(clerk.token(iss=issued.format(port=port))) == 200
    assert status(clerk.token(iss=f"http://127.0.0.1:{port + 1}")) == 401


@pytest.mark.parametrize(
    ("parties", "azp", "expected"),
    [
        ("https://app.example.com/", "https://app.example.com", 200),
        (" https://a.example , https://app.example.com ", "https://app.example.com", 200),
        ("https://APP.example.com:443", "https://app.example.com", 200),
        ("http://localhost:80,https://a.example", "http://localhost", 200),
        ("http://localhost:3000", "http://localhost:3000", 200),
        ("http://localhost:3000", "http://localhost", 401),
        ("https://app.example.com:80", "https://app.example.com", 401),
        ("https://app.example.com", "https://app.example.com.evil.example", 401),
        ("https://app.example.com", "app.example.com", 401),
        ("https://app.example.com", "", 401),
        ("https://app.example.com,", "", 401),
        ("", "", 401),
        ("", PARTY, 401),
    ],
)
def test_authorized_party_must_be_listed(clerk, status, trust, parties, azp, expected):
    trust(clerk.url, parties)
    assert status(clerk.token(azp=azp)) == expected


def test_401_without_an_issuer(app, clerk, trust):
    trust("")
    assert_unauthenticated(Management(app, "user_1", clerk.token()).get(LIST))


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({}, {"read", "write", "reveal", "conversations:read", "conversations:write", "audit:read"}),
        ({"o": {"id": "org_1", "rol": "admin"}}, {"read", "write", "reveal"}),
        ({"org_id": "org_1", "org_role": "org:admin"}, {"read", "write", "reveal"}),
        ({"o": {"id": "org_1", "rol": "org:admin"}}, {"read", "write", "reveal"}),
        ({"org_id": "org_1", "org_role": "admin"}, {"read", "write", "reveal"}),
        ({"o": {"id": "org_1", "rol": "member"}}, {"read"}),
        ({"org_id": "org_1", "org_role": "org:member"}, {"read"}),
        ({"o": {"id": "org_1", "rol": "billing"}}, set()),
        ({"o": {"id": "org_1", "rol": "Admin"}}, set()),
        ({"o": {"id": "org_1", "rol": ""}}, set()),
        ({"o": {"id": "org_1", "rol": "org:"}}, set()),
        ({"o": {"id": "org_1"}}, set()),
        ({"org_id": "org_1"}, set()),
        # The role belongs to the organization in the same claim.
        ({"o": {"id": "org_1"}, "org_id": "org_2", "org_role": "org:admin"}, set()),
        ({"o": {"id": "org_1", "rol": "member"}, "org_role": "org:admin"}, {"read"}),
        ({"org_id": "org_1", "o": {}, "rol": "admin"}, set()),
    ],
)
def test_organization_role_decides_the_scopes(app, clerk, claims, scopes):
    person = Management(app, "org_1", clerk.token(**claims))
    for operation in MANAGEMENT:
        answer = person.do(operation, UNKNOWN_ID)
        assert (answer.status_code == 403) is (operation.scope.removeprefix("tokens:") not in scopes), operation.name
        if answer.status_code == 403:
            assert operation.scope in answer.json["hint"]


@pytest.mark.parametrize("role", [5, True, ["admin"], {"admin": 1}, 1.5])
def test_401_for_roles_of_other_json_types(clerk, status, role):
    assert status(clerk.token(o={"id": "org_1", "rol": role})) == 401
    assert status(clerk.token(org_id="org_1", org_role=role)) == 401


def test_roles_are_mapped_to_scopes_by_parameter(app, clerk, trust):
    trust(clerk.url, role_scopes="org:support=read+reveal,admin=write")
    for role, expected in {"support": [200, 403, 404], "admin": [403, 400, 403], "member": [403, 403, 403]}.items():
        person = Management(app, "org_1", clerk.token(o={"id": "org_1", "rol": role}))
        answers = [person.get(LIST), person.post(LIST, {}), person.get(f"{LIST}/ct_1/token")]
        assert [answer.status_code for answer in answers] == expected, role
