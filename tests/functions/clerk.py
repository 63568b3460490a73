"""A Clerk instance on a loopback port: its key set, and the tokens that it signs."""

import http.server
import json
import threading
from datetime import UTC, datetime

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from shared import credentials

ISSUER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGERS_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PARTY = "https://dashboard.example.com"
SESSION_CATEGORY = "cl_B7d4PD111AAA"
KEY_SET_PATH = "/.well-known/jwks.json"
DEEP = b"[" * 3000 + b"]" * 3000
ROLES = "admin=read+write+reveal,member=read"


class Issuer:
    """`fetched`: how often its key set was asked for; `body` and `redirect` (a Location): what it answers.

    `blocked`: the User-Agents that get a 403, whatever else it answers.
    """

    def __init__(self):
        self.fetched = 0
        self.body = json.dumps({"keys": [self.public_key("kid-1")]}).encode()
        self.status = 200
        self.redirect = self.blocked = None
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.fetched += 1
                is_blocked = issuer.blocked and issuer.blocked in self.headers["User-Agent"].lower()
                status = issuer.status if self.path == KEY_SET_PATH else 404
                self.send_response(403 if is_blocked else status)
                if issuer.redirect:
                    self.send_header("Location", issuer.redirect)
                self.end_headers()
                self.wfile.write(issuer.body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    @staticmethod
    def public_key(kid):
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(ISSUER_KEY.public_key(), as_dict=True)
        return jwk | {"kid": kid, "use": "sig", "alg": "RS256"}

    def claims(self, **changed):
        """The claims of a session token of version 2. A claim that is changed to None is left out."""
        now = int(datetime.now(UTC).timestamp())
        times = {"iat": now, "nbf": now - 10, "exp": now + 60}
        claims = {"iss": self.url, "sub": "user_1", "sid": "sess_1", "azp": PARTY, "sts": "active", "v": 2} | times
        return {name: value for name, value in (claims | changed).items() if value is not None}

    def token(self, *, key=ISSUER_KEY, algorithm="RS256", header=None, **claims):
        header = {"kid": "kid-1", "cat": SESSION_CATEGORY} | (header or {})
        present = {name: value for name, value in header.items() if value is not None}
        return jwt.encode(self.claims(**claims), key, algorithm=algorithm, headers=present)

    def signed(self, header, claims):
        """Of a header and claims as they are given, whatever they are: objects, or JSON in bytes."""
        parts = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in (header, claims)]
        signed = b".".join(jwt.utils.base64url_encode(part) for part in parts)
        rs256 = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256)
        return b".".join([signed, jwt.utils.base64url_encode(rs256.sign(signed, ISSUER_KEY))]).decode()


def seconds_from_now(seconds):
    return int(datetime.now(UTC).timestamp()) + seconds


@pytest.fixture
def trust(monkeypatch):
    """`trust(issuer, parties, role_scopes)`: deploys with these parameters."""

    def deploy(issuer, parties=PARTY, role_scopes=ROLES):
        monkeypatch.setenv("CLERK_ISSUER", issuer)
        monkeypatch.setenv("CLERK_AUTHORIZED_PARTIES", parties)
        monkeypatch.setenv("CLERK_ROLE_SCOPES", role_scopes)
        monkeypatch.setattr(credentials, "_public_keys", credentials._PublicKeys())
        credentials._clerk.cache_clear()

    yield deploy
    credentials._clerk.cache_clear()


@pytest.fixture
def clerk(trust):
    issuer = Issuer()
    trust(issuer.url)
    yield issuer
    issuer.stop()
