"""Who is let in: 401 for a credential that is not good, 403 for one that may not, 503 where we cannot find out."""

import http.server
import json
import threading
from datetime import UTC, datetime, timedelta
from functools import partial

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from shared import credentials
from shared.rules import api_key
from shared.rules.principal import SCOPES
from shared.store import api_keys, audit
from tests.functions.conftest import Management

LIST = "/v1/client-tokens"
NEEDS = {
    "tokens:read": [("GET", LIST), ("GET", f"{LIST}/ct_1"), ("GET", f"{LIST}/ct_1/conversations")],
    "tokens:write": [
        ("POST", LIST),
        ("PUT", f"{LIST}/ct_1"),
        ("DELETE", f"{LIST}/ct_1"),
        ("POST", f"{LIST}/ct_1/regenerate"),
    ],
    "tokens:reveal": [("GET", f"{LIST}/ct_1/token")],
}


def assert_unauthenticated(answer):
    assert answer.status_code == 401, answer.text
    assert answer.json["code"] == "unauthenticated"
    assert answer.json["hint"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("scope", "method", "path"), [(s, m, p) for s, routes in NEEDS.items() for m, p in routes])
def test_403_a_key_without_the_scope(caller, calls, scope, method, path):
    limited = caller(scopes=tuple(set(SCOPES) - {scope}))
    answer = limited.request(method, path, {})
    assert answer.status_code == 403
    assert scope in answer.json["hint"]
    assert [call for call in calls if call != "PutItem"] == ["GetItem"]
    assert caller(scopes=(scope,)).request(method, path, {}).status_code in {200, 400, 404}


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer two words", "ctk_x", "Bearer \x80"]
)
def test_401_what_is_no_bearer_credential_never_reaches_the_authorizer(app, calls, output, authorization):
    caller = Management(app, "nobody", None)
    headers = {} if authorization is None else {"Authorization": authorization}
    assert_unauthenticated(caller.get(LIST, **headers))
    assert calls == []
    assert output() == ""


@pytest.mark.parametrize(
    "garbled", ["x", "ctk_", "ctk_" + "0" * 38, "ctk_" + "0" * 5000, "a.b.c", "eyJhbGciOiJub25lIn0.e30."]
)
def test_401_a_garbled_key_costs_no_look_into_the_table(app, calls, garbled):
    assert_unauthenticated(Management(app, "nobody", garbled).get(LIST))
    assert calls == []


def test_401_one_changed_character(app, api, calls):
    value = api.credential
    for position in range(len(value)):
        swapped = "x" if value[position] != "x" else "y"
        assert_unauthenticated(Management(app, "nobody", value[:position] + swapped + value[position + 1 :]).get(LIST))
    assert "GetItem" not in calls


def test_401_a_key_nobody_made(app, caller):
    value, _ = api_key.mint("t", "n", SCOPES, at=datetime.now(UTC), expires_at=None, random_bytes=lambda n: b"\7" * n)
    assert_unauthenticated(Management(app, "nobody", value).get(LIST))


def test_401_an_expired_key_even_while_the_table_still_holds_it(caller):
    now = datetime.now(UTC)
    assert caller(expires_at=now + timedelta(hours=1)).get(LIST).status_code == 200
    assert_unauthenticated(caller(expires_at=now - timedelta(seconds=1)).get(LIST))


def test_401_a_revoked_key(caller):
    revoked = caller()
    (key,) = api_keys.of_tenant(revoked.tenant)
    api_keys.revoke(key)
    assert_unauthenticated(revoked.get(LIST))


def test_one_look_at_a_key_serves_every_route_until_the_cache_forgets_it(api, calls):
    created = api.create()["clientToken"]["id"]
    calls.clear()
    assert api.get(f"{LIST}/{created}").status_code == 200
    assert calls == ["BatchGetItem"]


def test_503_when_keys_cannot_be_looked_up(api, aws_answers):
    aws_answers("GetItem", "InternalServerError", 500)
    answer = api.get(LIST)
    assert answer.status_code == 503
    assert answer.json["code"] == "unavailable"
    assert answer.headers["Retry-After"].isdigit()


ISSUER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGERS_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Issuer:
    """A Clerk instance's key set on a loopback port; `fetched` counts who asks for it."""

    def __init__(self):
        self.fetched = 0
        self.body = json.dumps({"keys": [self.public_key("kid-1")]}).encode()
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.fetched += 1
                self.send_response(200 if self.path == "/.well-known/jwks.json" else 404)
                self.end_headers()
                self.wfile.write(issuer.body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @staticmethod
    def public_key(kid):
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(ISSUER_KEY.public_key(), as_dict=True)
        return jwk | {"kid": kid, "use": "sig", "alg": "RS256"}

    def token(self, *, key=ISSUER_KEY, algorithm="RS256", kid="kid-1", **claims):
        now = int(datetime.now(UTC).timestamp())
        claims = {"iss": self.url, "sub": "user_1", "iat": now, "nbf": now, "exp": now + 60} | claims
        present = {name: value() if callable(value) else value for name, value in claims.items() if value is not None}
        return jwt.encode(present, key, algorithm=algorithm, headers={"kid": kid} if kid else {})


@pytest.fixture
def clerk(monkeypatch):
    issuer = Issuer()
    monkeypatch.setattr(credentials, "_CLERK_ISSUER", issuer.url)
    monkeypatch.setattr(credentials, "_public_keys", credentials._PublicKeys())
    yield issuer
    issuer.server.shutdown()
    issuer.server.server_close()


@pytest.mark.parametrize(
    ("claims", "tenant"),
    [
        ({}, "user_1"),
        ({"org_id": "org_1"}, "org_1"),
        ({"o": {"id": "org_2", "rol": "admin"}, "org_id": "org_1"}, "org_2"),
        ({"o": {}}, "user_1"),
    ],
)
def test_200_a_clerk_session_belongs_to_its_organisation_or_else_to_the_user(app, clerk, caller, claims, tenant):
    caller(tenant).create(name=f"of {tenant}")
    answer = Management(app, tenant, clerk.token(**claims)).get(LIST)
    assert answer.status_code == 200
    assert f"of {tenant}" in [token["name"] for token in answer.json["clientTokens"]]


def test_what_a_person_does_is_on_record_under_his_own_name(app, clerk, clock):
    one, other = (Management(app, "org_7", clerk.token(org_id="org_7", sub=user)) for user in ("user_1", "user_2"))
    path = f"{LIST}/{one.create()['clientToken']['id']}"
    assert other.get(f"{path}/token").status_code == 200
    records = audit.trail("org_7", None, since=None, until=None, at=clock.held)
    assert {(record.by.actor, record.action) for record in records} == {("user_1", "create"), ("user_2", "reveal")}


def test_a_persons_idempotency_key_is_another_one_in_each_of_his_organisations(app, clerk):
    tokens = [
        Management(app, organisation, clerk.token(org_id=organisation)).post(
            LIST, {"name": "Shop", "allowedOrigins": ["*"]}, **{"Idempotency-Key": "the same"}
        )
        for organisation in ("org_8", "org_9")
    ]
    assert [answer.status_code for answer in tokens] == [201, 201]
    assert len({answer.json["token"] for answer in tokens}) == 2


def test_a_clerk_session_costs_no_call_and_the_key_set_is_fetched_once(app, clerk, calls):
    for subject in ("user_1", "user_2", "user_3"):
        assert Management(app, subject, clerk.token(sub=subject)).get(LIST).status_code == 200
    assert "GetItem" not in calls
    assert clerk.fetched == 1


def seconds_from_now(seconds):
    return int(datetime.now(UTC).timestamp()) + seconds


FORGERIES = {
    "a shared secret": {"key": "secret" * 10, "algorithm": "HS256"},
    "no algorithm": {"key": None, "algorithm": "none"},
    "RS512": {"algorithm": "RS512"},
    "PS256": {"algorithm": "PS256"},
    "a stranger's key": {"key": STRANGERS_KEY},
    "another issuer": {"iss": "https://clerk.elsewhere.example"},
    "no issuer": {"iss": None},
    "expired": {"exp": partial(seconds_from_now, -10)},
    "no expiry": {"exp": None},
    "not yet valid": {"nbf": partial(seconds_from_now, 60)},
    "nobody": {"sub": None},
    "an empty name": {"sub": ""},
    "a number": {"sub": 5},
    "an unknown key": {"kid": "kid-unknown"},
    "no key": {"kid": None},
    "a step still to take": {"sts": "pending"},
}


@pytest.mark.parametrize("forged", FORGERIES.values(), ids=FORGERIES)
def test_401_a_clerk_session_that_is_not_good(app, clerk, forged):
    assert_unauthenticated(Management(app, "user_1", clerk.token(**forged)).get(LIST))


def test_401_the_public_key_is_no_secret_to_sign_with(app, clerk):
    header = jwt.utils.base64url_encode(b'{"alg":"HS256","typ":"JWT","kid":"kid-1"}')
    payload = jwt.utils.base64url_encode(
        json.dumps({"iss": clerk.url, "sub": "user_1", "exp": seconds_from_now(60)}).encode()
    )
    mac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        header + b"." + payload, json.dumps(clerk.public_key("kid-1")).encode()
    )
    token = b".".join([header, payload, jwt.utils.base64url_encode(mac)]).decode()
    assert_unauthenticated(Management(app, "user_1", token).get(LIST))


def test_a_clock_that_is_a_little_off_does_no_harm(app, clerk):
    for skewed in ({"exp": partial(seconds_from_now, -1)}, {"nbf": partial(seconds_from_now, 3)}):
        assert Management(app, "user_1", clerk.token(**skewed)).get(LIST).status_code == 200


@pytest.mark.parametrize(
    ("azp", "status"), [("https://app.example.com", 200), ("https://evil.example", 401), (None, 401)]
)
def test_401_a_session_of_another_party(app, clerk, monkeypatch, azp, status):
    monkeypatch.setattr(credentials, "_CLERK_AUTHORIZED_PARTIES", {"https://app.example.com"})
    assert Management(app, "user_1", clerk.token(azp=azp)).get(LIST).status_code == status


def test_401_without_a_configured_issuer_no_session_is_good(app, clerk, monkeypatch):
    monkeypatch.setattr(credentials, "_CLERK_ISSUER", "")
    assert_unauthenticated(Management(app, "user_1", clerk.token()).get(LIST))


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'{"keys": 5}', b'{"keys": [5]}'])
def test_503_a_key_set_that_cannot_be_read(app, clerk, body):
    clerk.body = body
    assert Management(app, "user_1", clerk.token()).get(LIST).status_code == 503


def test_503_a_key_set_that_cannot_be_had(app, clerk):
    clerk.server.shutdown()
    clerk.server.server_close()
    answer = Management(app, "user_1", clerk.token()).get(LIST)
    assert answer.status_code == 503
    assert answer.json["code"] == "unavailable"


def test_503_while_a_key_set_cannot_be_had_nobody_waits_for_it_more_than_once_in_ten_seconds(clerk):
    """Else a stranger's made-up tokens would keep functions waiting, as many as the account has."""
    keys, start = credentials._PublicKeys(), datetime(2026, 11, 24, tzinfo=UTC)
    good, clerk.body = clerk.body, b"{}"
    for second in range(11):
        with pytest.raises(credentials.Unavailable):
            keys.find("kid-1", start + timedelta(seconds=second))
    assert clerk.fetched == 2
    clerk.body = good
    assert keys.find("kid-1", start + timedelta(seconds=20))["kid"] == "kid-1"


def test_503_a_new_key_is_not_called_unknown_while_the_set_that_has_it_cannot_be_had(clerk):
    """A 401 would be remembered by API Gateway."""
    keys, start = credentials._PublicKeys(), datetime(2026, 11, 24, tzinfo=UTC)
    assert keys.find("kid-1", start)["kid"] == "kid-1"
    clerk.body = b"{}"
    for second in (10, 11, 19):
        with pytest.raises(credentials.Unavailable):
            keys.find("kid-2", start + timedelta(seconds=second))
        assert keys.find("kid-1", start + timedelta(seconds=second))["kid"] == "kid-1"
    clerk.body = json.dumps({"keys": [clerk.public_key("kid-2")]}).encode()
    assert keys.find("kid-2", start + timedelta(seconds=20))["kid"] == "kid-2"


def test_a_key_set_is_kept_five_minutes_and_asked_for_again_at_most_every_ten_seconds(clerk):
    keys, start = credentials._PublicKeys(), datetime(2026, 11, 24, tzinfo=UTC)

    def find(kid, seconds):
        try:
            return keys.find(kid, start + timedelta(seconds=seconds))["kid"]
        except credentials.Unauthenticated:
            return None

    assert [find("kid-1", 0), find("kid-2", 1), find("kid-3", 9)] == ["kid-1", None, None]
    assert clerk.fetched == 1
    clerk.body = json.dumps({"keys": [clerk.public_key("kid-2")]}).encode()
    assert [find("kid-2", 10), find("kid-2", 309)] == ["kid-2", "kid-2"]
    assert clerk.fetched == 2
    assert find("kid-1", 310) is None
    assert clerk.fetched == 3
