"""Credentials: from the environment, or from the endpoint that Lambda gives a restored function."""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from shared.aws import credentials
from shared.aws.credentials import NoCredentials
from shared.aws.signature import Credentials


class _Lender(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append((self.path, self.headers["Authorization"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(server.says)

    def log_message(self, *_):
        """Silent: tests make their own assertions."""


@pytest.fixture
def lender(monkeypatch):
    """Lambda's credentials endpoint, with responses that the test sets."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Lender)
    server.asked = []
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{server.server_port}/2021/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "secret")
    monkeypatch.setattr(credentials, "_cached", None)
    yield server
    server.shutdown()
    server.server_close()


def _lent(name, lasting=timedelta(hours=6)):
    expires = (datetime.now(UTC) + lasting).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({"AccessKeyId": name, "SecretAccessKey": "s", "Token": "t", "Expiration": expires}).encode()


def test_environment_is_read_at_each_request(monkeypatch):
    for name in ("ONE", "OTHER"):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", name)
        assert credentials.current().access_key_id == name


def test_restored_function_caches_credentials_until_they_expire(lender):
    lender.says = _lent("LENT")
    assert [credentials.current() for _ in range(3)] == [Credentials("LENT", "s", "t")] * 3
    assert lender.asked == [("/2021/credentials", "secret")]


@pytest.mark.parametrize(("seconds", "used"), [(-20, "NEW"), (20, "OLD")])
def test_credentials_are_renewed_five_minutes_before_they_expire(lender, seconds, used):
    lender.says = _lent("OLD", timedelta(minutes=5, seconds=seconds))
    assert credentials.current().access_key_id == "OLD"
    lender.says = _lent("NEW")
    assert credentials.current().access_key_id == used


@pytest.mark.parametrize("said", [b"", b'{"message": "try again"}'])
def test_valid_credentials_are_used_while_they_cannot_be_renewed(lender, said):
    lender.says = _lent("OLD", timedelta(minutes=4))
    assert credentials.current().access_key_id == "OLD"
    lender.says = said
    assert credentials.current().access_key_id == "OLD"
    lender.says = _lent("NEW")
    assert credentials.current().access_key_id == "NEW"


def test_expired_credentials_are_not_used(lender):
    lender.says = _lent("OLD", timedelta(seconds=-1))
    credentials.current()
    lender.says = b""
    with pytest.raises(NoCredentials):
        credentials.current()


@pytest.mark.parametrize("said", [b"", b"not json", b"[]", b"{}", b'{"Expiration": 1}'])
def test_invalid_endpoint_response_means_no_credentials(lender, said):
    lender.says = said
    with pytest.raises(NoCredentials, match=r"^the credentials endpoint does not answer$"):
        credentials.current()


def test_no_credentials_without_variables_or_endpoint(monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(NoCredentials, match=r"^AWS_ACCESS_KEY_ID is not set$"):
        credentials.current()
