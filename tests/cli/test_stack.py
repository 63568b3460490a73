"""How a command finds its deployment, and the errors if there is none."""

import contextlib
import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest
from botocore.credentials import Credentials

from infra.cli import stack
from infra.local import cloud
from tests.aws import signatures
from tests.aws.network import NETWORK

LIST = ("keys", "list", "--tenant", "stack")


@pytest.fixture(scope="module")
def endpoint():
    """This run's AWS, over HTTP."""
    server, endpoint = cloud.serve()
    yield endpoint
    server.stop()


@pytest.fixture
def dead_endpoint():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"http://127.0.0.1:{port}"


def _write_state(text):
    Path(".local").mkdir()
    Path(".local/stack.json").write_text(text, encoding="utf-8")


def test_local_stack_is_found_by_its_state_file(run, endpoint, monkeypatch):
    # Any of these would select another AWS.
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    _write_state(json.dumps({"awsEndpoint": endpoint, "stackName": cloud.STACK_NAME, "url": "..."}))
    listed = run(*LIST, "--local")
    assert (listed.status, listed.endpoint) == (0, endpoint)


@pytest.mark.parametrize("text", [None, "", "{", "{}", "[]", "null"])
def test_error_without_a_local_stack_says_how_to_start_it(run, text):
    if text is not None:
        _write_state(text)
    refused = run(*LIST, "--local")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err == (
        "Error: No local stack is running: there is no .local/stack.json in this folder. "
        "Start one with `make run`, and run this command in the project's folder.\n"
    )


def test_error_for_a_local_stack_that_has_stopped(run, dead_endpoint):
    _write_state(json.dumps({"awsEndpoint": dead_endpoint, "stackName": cloud.STACK_NAME, "url": "..."}))
    refused = run(*LIST, "--local")
    assert refused.status == 1
    assert refused.err == (
        f"Error: The local stack does not answer on {dead_endpoint}. Start it again with `make run`.\n"
    )


def test_endpoint_from_the_environment_is_used(run, endpoint, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    listed = run(*LIST, "--stack", cloud.STACK_NAME)
    assert (listed.status, listed.endpoint) == (0, endpoint)


def test_error_when_aws_cannot_be_reached(run, dead_endpoint, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", dead_endpoint)
    refused = run(*LIST, "--stack", cloud.STACK_NAME)
    assert refused.status == 1
    assert refused.err.startswith("Error: AWS cannot be reached (is the region right?): ")
    assert dead_endpoint in refused.err


@pytest.mark.parametrize("url", ["localhost:4566", "http://127.0.0.1:99999", "http://127.0.0.1:port", "http://[::1"])
@pytest.mark.parametrize("service", ["", "_CLOUDFORMATION", "_STS", "_DYNAMODB"])
def test_error_names_the_variable_whose_endpoint_is_no_url(run, endpoint, monkeypatch, service, url):
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv(f"AWS_ENDPOINT_URL{service}", url)
    refused = run(*LIST, "--stack", cloud.STACK_NAME)
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith(f"Error: AWS_ENDPOINT_URL{service} must be a URL, such as http://127.0.0.1:4566. ")


def test_error_names_the_setting_whose_endpoint_is_no_url(run, monkeypatch, tmp_path):
    (tmp_path / "config").write_text("[default]\nendpoint_url = localhost:4566\n", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    refused = run(*LIST, "--stack", cloud.STACK_NAME)
    assert refused.status == 1
    assert refused.err.startswith("Error: endpoint_url in the profile must be a URL, such as http://127.0.0.1:4566. ")


def test_error_names_an_unknown_stack_and_its_region(run):
    refused = run(*LIST, "--stack", "clinet-tokens")
    assert refused.status == 1
    assert refused.err == (
        "Error: There is no stack clinet-tokens in us-east-1 for these credentials: "
        "check --stack, --region, and --profile.\n"
    )


def test_stack_of_another_region_is_unknown(run):
    refused = run(*LIST, "--stack", cloud.STACK_NAME, "--region", "eu-central-1")
    assert refused.status == 1
    assert f"no stack {cloud.STACK_NAME} in eu-central-1" in refused.err


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_region_comes_from_the_environment(run, monkeypatch, variable):
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv(variable, "eu-central-1")
    assert "in eu-central-1" in run(*LIST, "--stack", cloud.STACK_NAME).err
    assert run(*LIST, "--stack", cloud.STACK_NAME, "--region", "us-east-1").status == 0


OUTPUTS = {"TableName": "orders", "ApiUrl": "https://api.example.com"}


@pytest.mark.parametrize(
    ("outputs", "parameters", "missing"),
    [
        ({}, (), "output TableName"),
        ({"TableName": "orders"}, (), "output ApiUrl"),
        ({"TableName": "orders"}, ("AuditRetentionDays",), "output ApiUrl"),
        (OUTPUTS, (), "parameter AuditRetentionDays"),
        (OUTPUTS, ("AuditRetentionDays",), "parameter ConversationRetentionDays"),
    ],
)
def test_stack_of_another_application_is_refused(run, outputs, parameters, missing):
    cloudformation = boto3.client("cloudformation")
    template = {
        "Parameters": {name: {"Type": "String", "Default": "1"} for name in parameters},
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    cloudformation.create_stack(StackName="something-else", TemplateBody=json.dumps(template))
    try:
        refused = run(*LIST, "--stack", "something-else")
    finally:
        cloudformation.delete_stack(StackName="something-else")
    assert refused.status == 1
    assert refused.err == (
        f"Error: Stack something-else (CREATE_COMPLETE) has no {missing}: "
        "it is not a stack of this service, or its deployment has not finished.\n"
    )


def test_profile_option_overrides_environment_credentials(run, monkeypatch, tmp_path):
    (tmp_path / "config").write_text(
        "[profile ops]\nregion = us-east-1\naws_access_key_id = OPS\naws_secret_access_key = x\n", encoding="utf-8"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ENVIRONMENT")
    monkeypatch.setitem(signatures.CALLERS, "OPS", Credentials("OPS", "x"))
    signed = []
    stack.session.register("before-send", lambda request, **_: signed.append(request.headers["Authorization"].decode()))
    with NETWORK.hooked(lambda request: signed.append(request.headers["Authorization"])):
        assert run(*LIST, "--stack", cloud.STACK_NAME, "--profile", "ops").status == 0
    assert ["Credential=OPS/" in one for one in signed] == [True, True]


def test_error_names_an_unknown_profile(run, monkeypatch):
    refused = run(*LIST, "--stack", cloud.STACK_NAME, "--profile", "opps")
    assert (refused.status, refused.err) == (1, "Error: The config profile (opps) could not be found.\n")


def _without_settings(monkeypatch):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_error_without_credentials_says_where_to_get_them(run, monkeypatch):
    _without_settings(monkeypatch)
    refused = run(*LIST, "--stack", cloud.STACK_NAME, "--region", "us-east-1")
    assert refused.status == 1
    assert refused.err == (
        "Error: There are no AWS credentials: sign in, or name a profile that has some with --profile.\n"
    )


def test_error_without_a_region_asks_for_one(run, monkeypatch):
    _without_settings(monkeypatch)
    refused = run(*LIST, "--stack", cloud.STACK_NAME)
    said = "Error: There is no AWS region: name one with --region, or set AWS_REGION.\n"
    assert (refused.status, refused.err) == (1, said)


@pytest.mark.parametrize("region", ["us east", "us-east-1\n", "a" * 64, "ü"])
@pytest.mark.parametrize("is_option", [True, False])
def test_error_for_a_malformed_region_names_it(run, monkeypatch, region, is_option):
    monkeypatch.setenv("AWS_REGION", "us-east-1" if is_option else region)
    refused = run(*LIST, "--stack", cloud.STACK_NAME, *(("--region", region) if is_option else ()))
    assert (refused.status, refused.out) == (1, "")
    assert refused.err == (
        f"Error: There is no AWS region {region!r}: name one, such as us-east-1, with --region, or set AWS_REGION.\n"
    )


@pytest.mark.parametrize(
    ("variable", "what"),
    [
        ("AWS_ACCESS_KEY_ID", "access key ID"),
        ("AWS_SECRET_ACCESS_KEY", "secret access key"),
        ("AWS_SESSION_TOKEN", "session token"),
    ],
)
@pytest.mark.parametrize(
    "value", ["QQsecretQQ\r", "QQsecret\nQQ", "QQsecret QQ", "QQsecretQQ\u20ac", "\u200bQQsecretQQ"]
)
def test_error_for_garbled_credentials_does_not_quote_them(run, monkeypatch, variable, what, value):
    """Two lines are pasted easily, and a text editor may add characters that nobody sees."""
    monkeypatch.setenv(variable, value)
    refused = run(*LIST, "--stack", cloud.STACK_NAME)
    assert (refused.status, refused.out) == (1, "")
    assert refused.err == (
        f"Error: The {what} of the AWS credentials has a space, a line break, or another character that cannot be in "
        "one. Copy it again.\n"
    )


@pytest.fixture
def elsewhere():
    """`elsewhere(status, body)`: the address of a server that is not AWS."""
    with contextlib.ExitStack() as until_the_end:

        def elsewhere(status, body):
            class Handler(BaseHTTPRequestHandler):
                def do_POST(self):
                    self.rfile.read(int(self.headers["Content-Length"]))
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

                def log_message(self, *_):
                    pass

            server = until_the_end.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            until_the_end.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}"

        yield elsewhere


@pytest.mark.parametrize("service", ["CLOUDFORMATION", "STS"])
@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize("body", [b"<html><body>Sign in</body></html>", b"<!doctype html>", b'{"error": "no"}', b""])
def test_error_when_something_else_than_aws_answers(run, endpoint, elsewhere, monkeypatch, service, status, body):
    """Such as the page of a proxy, or the API itself."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    url = elsewhere(status, body)
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", url)
    refused = run("keys", "create", "--stack", cloud.STACK_NAME, "--tenant", "stack", "--name", "x")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err == (
        f"Error: What answers at {url} is not AWS, but perhaps a proxy. Check AWS_ENDPOINT_URL, and the network.\n"
    )
