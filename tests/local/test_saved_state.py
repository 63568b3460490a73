"""`make run KEEP=1`: a stack that continues with the data of the last one."""

import http.client
import json
import stat
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from infra.local.management import Management
from infra.local.template import ROOT
from tests.local_stack import RunningStack


def open_session(stack, value, origin):
    connection = http.client.HTTPConnection(urlsplit(stack.url).netloc)
    headers = {"Origin": origin, "Content-Type": "application/json"}
    connection.request("POST", "/v1/client/init", json.dumps({"token": value}), headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, body


def test_key_token_and_data_survive_a_restart(tmp_path):
    first = RunningStack(tmp_path, "--keep")
    body = {"name": "Mine", "allowedOrigins": ["https://shop.example.com"], "flowIds": [first.flow_id]}
    created = Management(first.url, first.api_key).ask("POST", "/v1/client-tokens", body)
    assert first.stop() == 0
    assert stat.S_IMODE((tmp_path / "kept.json").stat().st_mode) == 0o600

    second = RunningStack(tmp_path, "--keep")
    try:
        assert (second.api_key, second.client_token) == (first.api_key, first.client_token)
        management = Management(second.url, second.api_key)
        names = [token["name"] for token in management.ask("GET", "/v1/client-tokens")["clientTokens"]]
        assert names == ["Mine", "Demo"]
        # The key that signed it is the same.
        path = f"/v1/client-tokens/{created['clientToken']['id']}/token"
        assert management.ask("GET", path)["token"] == created["token"]
        assert open_session(second, created["token"], "https://shop.example.com")[0] == 200
        # The demo page has another port now.
        assert second.demo_url != first.demo_url
        assert open_session(second, second.client_token, second.demo_url)[0] == 200
    finally:
        assert second.stop() == 0


@pytest.mark.parametrize(
    ("written", "reason"),
    [('{"version": 0}', "is of another version"), ("{", "cannot be read"), ("[]", "is of another")],
)
def test_unreadable_file_is_kept_and_named(tmp_path, written, reason):
    (tmp_path / "kept.json").write_text(written)
    command = [sys.executable, "-m", "infra.local", "--port", "0", "--keep", "--directory", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert reason in ended.stderr
    assert ended.stderr.endswith("Remove it, or start without KEEP=1.\n")
    assert (tmp_path / "kept.json").read_text() == written
