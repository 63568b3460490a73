"""`make run` as a developer uses it: the real program, on a free port."""

import http.client
import json
import os
import re
import select
import shlex
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from infra.local.template import ROOT
from tests.command import CLIENT_TOKENS
from tests.local_stack import STOPS_WITHIN_SECONDS, RunningStack

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")


def ask(stack, method, path, body=None, **headers):
    """Sends a request; returns status, headers, and JSON of the response."""
    connection = http.client.HTTPConnection(urlsplit(stack.url).netloc)
    try:
        headers = {"Authorization": f"Bearer {stack.api_key}", "Content-Type": "application/json"} | headers
        connection.request(method, path, body, {name: value for name, value in headers.items() if value})
        response = connection.getresponse()
        return response.status, response.headers, json.loads(response.read())
    finally:
        connection.close()


def test_state_file_is_readable_by_the_owner_only(stack):
    state = json.loads(stack.state_file.read_text())
    assert state.keys() == {
        "url", "tenant", "apiKey", "clientToken", "clientTokenId", "flowId", "demoUrl", "awsEndpoint", "stackName",
    }  # fmt: skip
    assert stat.S_IMODE(stack.state_file.stat().st_mode) == 0o600
    assert stack.flow_id == "flow_demo"


def test_seeded_token_is_listed_by_the_api(stack):
    status, _, answer = ask(stack, "GET", f"/v1/client-tokens/{stack.client_token_id}")
    assert status == 200
    assert answer["clientToken"]["flowIds"] == [stack.flow_id]
    status, _, answer = ask(stack, "GET", f"/v1/client-tokens/{stack.client_token_id}/token")
    assert (status, answer) == (200, {"token": stack.client_token})


def test_the_greeting_comes_first(stack):
    lines = [line for line in stack.lines if not line.startswith(("npm fetches", "The demo page has the chat widget"))]
    assert lines[0] == "\n"
    assert lines[1] == f"The API listens on {stack.url}\n"


def test_commands_of_the_greeting_work(stack, tmp_path):
    greeting = "".join(stack.lines)
    create, show, off, on, operate = re.findall(r"^ .*(?:\n .*)*", greeting[greeting.index("\nCreate") :], re.MULTILINE)

    def paste(commands):
        commands = commands.replace("curl", "curl -sS").replace(".venv/bin/client-tokens", shlex.join(CLIENT_TOKENS))
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        return subprocess.run(
            ["/bin/sh", "-ec", commands], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        ).stdout

    created = json.loads(paste(create))["clientToken"]
    assert (created["name"], created["flowIds"]) == ("Web Client Token", [stack.flow_id])
    assert stack.client_token_id in paste(show)
    assert json.loads(paste(off))["clientToken"]["isActive"] is False
    assert json.loads(paste(on))["clientToken"]["isActive"] is True
    # The operator's command looks for the stack in the current folder.
    (tmp_path / ".local").symlink_to(stack.state_file.parent)
    assert ask(stack, "GET", "/v1/client-tokens", Authorization=f"Bearer {paste(operate).strip()}")[0] == 200


def test_gateway_responses_come_from_the_template(stack):
    status, headers, answer = ask(stack, "GET", "/v1/nothing", Authorization=None)
    assert (status, answer["code"], headers["Access-Control-Allow-Origin"]) == (404, "not_found", "*")
    status, headers, answer = ask(stack, "GET", "/v1/client-tokens", Authorization="Bearer unknown")
    assert (status, answer["code"], headers["WWW-Authenticate"]) == (401, "unauthenticated", "Bearer")
    status, _, answer = ask(stack, "PATCH", "/v1/client-tokens")
    assert (status, answer["code"]) == (405, "method_not_allowed")


def test_401_hint_for_bearer_on_unknown_path_is_to_check_the_path(stack):
    status, headers, answer = ask(stack, "GET", "/v1/nothing")
    assert (status, headers["x-amzn-ErrorType"]) == (401, "IncompleteSignatureException")
    assert (answer["code"], headers["Access-Control-Allow-Origin"]) == ("unauthenticated", "*")
    assert "Check the path" in answer["hint"]


def test_responses_of_functions_carry_a_trace_id(stack):
    _, headers, _ = ask(stack, "GET", "/v1/client-tokens")
    assert headers["X-Amzn-Trace-Id"].startswith("Root=1-")


def test_431_above_10240_bytes_of_headers(stack):
    connection = http.client.HTTPConnection(urlsplit(stack.url).netloc)
    connection.request("GET", "/v1/client-tokens", headers={"X-Page": "x" * 10_240})
    response = connection.getresponse()
    assert (response.status, response.headers["x-amz-apigw-id"]) == (431, None)
    connection.close()


def test_413_for_a_body_over_10_mb(stack):
    status, _, answer = ask(stack, "POST", "/v1/client-tokens", b"x" * (11 * 1024 * 1024))
    assert (status, answer["code"]) == (413, "too_large")


def test_requests_are_logged_without_their_query(stack):
    ask(stack, "GET", "/v1/client-tokens?limit=7")
    # The line about a request is printed by the time of the next response.
    ask(stack, "GET", "/v1/nothing")
    printed = "".join(stack.lines)
    assert "GET /v1/client-tokens 200 in" in printed
    assert "limit=7" not in printed


@pytest.mark.parametrize(
    "sent",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/moto-api/reset"), ("POST", "/"), ("OPTIONS", "/"), ("GET", "/moto-api/data.json")]
)
def test_websites_cannot_reach_moto(stack, sent, method, path):
    connection = http.client.HTTPConnection(urlsplit(stack.aws_endpoint).netloc)
    connection.request(method, path, headers={"X-Amz-Target": "DynamoDB_20120810.ListTables"} | sent)
    response = connection.getresponse()
    assert (response.status, response.headers["Access-Control-Allow-Origin"]) == (403, None)
    connection.close()


def children(process):
    listed = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [int(child) for file in listed for child in file.read_text().split()]


def all_end(descriptors):
    """Whether all the processes end in time."""
    left = set(descriptors)
    while left:
        ended, _, _ = select.select(left, [], [], STOPS_WITHIN_SECONDS)
        if not ended:
            return False
        left -= set(ended)
    return True


@linux_only
def test_ctrl_c_ends_all_processes(tmp_path):
    running = RunningStack(tmp_path)
    functions = [os.pidfd_open(child) for child in children(running.process)]
    assert len(functions) >= 2
    assert running.stop(signal.SIGINT) == 0
    assert all_end(functions)
    for descriptor in functions:
        os.close(descriptor)
    assert (running.lines[-1], running.state_file.exists()) == ("Stopped.\n", False)


def test_stack_that_ends_keeps_the_state_file_of_another(tmp_path):
    first = RunningStack(tmp_path)
    second = RunningStack(tmp_path)
    assert first.stop() == 0
    assert json.loads(second.state_file.read_text())["url"] == second.url
    assert (second.stop(), second.state_file.exists()) == (0, False)


def run(*options):
    return subprocess.run(
        [sys.executable, "-m", "infra.local", *options], cwd=ROOT, capture_output=True, text=True, check=False
    )


NEIGHBORS = "The local stack needs two ports: {} for the API and {} for the demo page. Choose others with PORT=3100.\n"


def test_one_line_error_for_a_busy_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("--port", str(port))
    assert (ended.returncode, ended.stdout) == (1, "")
    said = f"Port {port} cannot be used: Address already in use. "
    assert ended.stderr == said + NEIGHBORS.format(port, port + 1)


@pytest.mark.parametrize(("port", "missing"), [(70000, 70000), (65535, 65536), (-1, -1)])
def test_one_line_error_for_an_invalid_port(port, missing):
    ended = run("--port", str(port))
    assert (ended.returncode, ended.stdout) == (1, "")
    said = f"Port {missing} cannot be used: there is no such port. "
    assert ended.stderr == said + NEIGHBORS.format(port, port + 1)


def taken_above_a_free_one():
    while True:
        taken = socket.create_server(("127.0.0.1", 0))
        try:
            socket.create_server(("127.0.0.1", taken.getsockname()[1] - 1)).close()
        except OSError:
            taken.close()
        else:
            return taken


def test_one_line_error_for_a_busy_port_of_the_demo_page():
    with taken_above_a_free_one() as taken:
        port = taken.getsockname()[1]
        ended = run("--port", str(port - 1))
    assert (ended.returncode, ended.stdout) == (1, "")
    said = f"Port {port} cannot be used: Address already in use. "
    assert ended.stderr == said + NEIGHBORS.format(port - 1, port)


def test_one_line_error_for_an_unknown_parameter():
    ended = run("--port", "0", "--parameter", "Nothing=1")
    assert (ended.returncode, ended.stderr) == (1, "template.yaml has no parameter Nothing.\n")


def test_function_error_is_shown_if_seeding_fails():
    ended = run("--port", "0", "--parameter", "SigningKeyArn=arn:aws:kms:us-east-1:123456789012:key/none")
    assert ended.returncode == 1
    assert re.search(r'^CreateClientToken \| .*"aws_error":"NotFoundException"', ended.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("parameter", "reason"),
    [
        (
            "AuditRetentionDays=1.5",
            "Parameter AuditRetentionDays failed to satisfy constraint: must be a whole number from 1 to 3650",
        ),
        (
            "StageName=a/b",
            "Parameter StageName failed to satisfy constraint: must be 1 to 128 letters, digits, hyphens",
        ),
        ("HostedZoneId=Z123", "Rule HostedZoneHasDomain failed: HostedZoneId requires DomainName."),
    ],
)
def test_one_line_error_for_an_invalid_parameter(parameter, reason):
    ended = run("--port", "0", "--parameter", parameter)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(reason)
    assert len(ended.stderr.splitlines()) == 1


def test_help_describes_the_command():
    ended = run("--help")
    assert ended.returncode == 0
    assert "--port" in ended.stdout
