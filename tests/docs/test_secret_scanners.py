"""The scanners' rules in docs/embedding.md let client tokens pass, and catch API keys."""

import json
import re
import secrets
import shlex
import subprocess
import sys
import tomllib
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import jwt
import pytest

from shared.rules import api_key, identifier, token_value
from tests.docs import pages

PAGE = pages.section("docs/embedding.md", "Secret scanners")
NOW = datetime(2027, 1, 31, tzinfo=UTC)
TIMES = (NOW, NOW + timedelta(days=20 * 365), NOW + timedelta(days=200 * 365))
OTHER_TOKENS = {
    "another issuer's": {"iss": "https://accounts.example.com", "sub": "user_1"},
    "a UUID as issuer": {"iss": str(uuid4()), "sub": "user_1"},
    "no issuer": {"sub": "ct_01kav7t0d3p9s8x2m4n6q8r0vw"},
}


def _encoded(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def client_token(at, environment="live"):
    claims = token_value.claims(
        issuer=str(uuid4()),
        subject=identifier.new("ct", at, secrets.token_bytes),
        environment=environment,
        at=at,
        random_bytes=secrets.token_bytes,
    )
    parts = (b'{"alg":"HS256","typ":"JWT"}', claims.payload(), secrets.token_bytes(32))
    value = ".".join(map(_encoded, parts))
    assert token_value.subject(value) == claims.sub
    return value


def key():
    value, _ = api_key.mint("acme", "CI", ("tokens:read",), at=NOW, expires_at=None, random_bytes=secrets.token_bytes)
    return value


def other_token(claims):
    return jwt.encode(claims, "s" * 32, algorithm="HS256")


@pytest.fixture(scope="module")
def gitleaks():
    (text,) = pages.blocks(PAGE, "toml")
    return tomllib.loads(text)


def _is_allowed(rules, value):
    return any(re.search(regex, value, re.ASCII) for one in rules["allowlists"] for regex in one["regexes"])


@pytest.mark.parametrize("at", TIMES, ids=lambda at: at.year)
@pytest.mark.parametrize("environment", ["live", "test"])
def test_gitleaks_lets_client_tokens_pass(gitleaks, at, environment):
    assert all(_is_allowed(gitleaks, client_token(at, environment)) for _ in range(100))


@pytest.mark.parametrize("claims", OTHER_TOKENS.values(), ids=OTHER_TOKENS)
def test_gitleaks_still_reports_other_tokens(gitleaks, claims):
    assert not _is_allowed(gitleaks, other_token(claims))


@pytest.mark.parametrize("line", ["API_KEY={}", '"Authorization: Bearer {}"', "-H 'Authorization: Bearer {}' $URL"])
def test_gitleaks_catches_api_keys(gitleaks, line):
    (rule,) = gitleaks["rules"]
    for _ in range(100):
        value = key()
        assert re.findall(rule["regex"], line.format(value), re.ASCII) == [value]
        assert all(keyword in value for keyword in rule["keywords"])
        assert not _is_allowed(gitleaks, value)


def test_detect_secrets_reports_only_api_keys_and_other_tokens(tmp_path):
    (plugin,) = pages.blocks(PAGE, "python")
    (tmp_path / "client_tokens_plugin.py").write_text(plugin)
    site = tmp_path / "site"
    site.mkdir()
    (site / "page.html").write_text(f'<script src="x.js"\n  data-runtype-token="{client_token(NOW)}"></script>\n')
    (site / "page.js").write_text(f'const clientToken = "{client_token(NOW)}";\n')
    (site / ".env").write_text(f"CLIENT_TOKEN={client_token(NOW, 'test')}\n")
    (site / "key.js").write_text(f'const headers = {{ Authorization: "Bearer {key()}" }};\n')
    (site / "key.env").write_text(f"API_KEY={key()}\n")
    other = other_token(OTHER_TOKENS["a UUID as issuer"])
    (site / "other.js").write_text(f'const session = "{other}";\n')
    (command,) = pages.blocks(PAGE, "console")
    _, *options = shlex.split(command.removeprefix("$ ").replace("\\\n", " "))
    done = subprocess.run(
        [sys.executable, "-m", "detect_secrets", *options, "--all-files", "site"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    found = {name: {one["type"] for one in results} for name, results in json.loads(done.stdout)["results"].items()}
    ours = "API key of the client-token service"
    assert found == {"site/key.js": {ours}, "site/key.env": {ours}, "site/other.js": {"JSON Web Token"}}
