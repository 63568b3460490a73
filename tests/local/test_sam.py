"""`make sam-local` up to where containers would start: a pretended engine, a pretended SAM CLI, the real moto."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import boto3
import pytest

from infra.local import cloud
from infra.local.access import REGION
from infra.local.template import ROOT
from tests.conftest import STACK

BUILT = """
Globals:
  Function:
    Environment: {Variables: {TABLE_NAME: !Ref Table}}
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties: {Auth: {Authorizers: {Bearer: {FunctionArn: !Ref Authorize.Alias}}}}
  CreateClientToken: {Type: AWS::Serverless::Function, Properties: {CodeUri: CreateClientToken}}
"""
# Tells what it was given, and whether AWS is where it was told.
SAM = f"""#!{sys.executable}
import json, os, sys, urllib.request
options = dict(zip(sys.argv[3::2], sys.argv[4::2]))
variables = json.load(open(options["--env-vars"]))
endpoint = variables["CreateClientToken"]["AWS_ENDPOINT_URL"].replace("host.docker.internal", "127.0.0.1")
told = {{
    "command": sys.argv[1:3], "options": options, "variables": variables,
    "template": json.load(open(options["--template"])),
    "aws": urllib.request.urlopen(endpoint + "/moto-api/").status,
    "profile": os.environ.get("AWS_PROFILE"),
}}
print(json.dumps(told))
sys.exit(7)
"""


class Engine(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"ApiVersion": "1.44"}' if self.path.endswith("/version") else b"OK"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def container_engine():
    with HTTPServer(("127.0.0.1", 0), Engine) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"tcp://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def run(tmp_path):
    sam = tmp_path / "sam"
    sam.write_text(SAM)
    sam.chmod(0o755)
    (tmp_path / "template.yaml").write_text(BUILT)

    def run(engine, built="template.yaml"):
        options = {"--sam": sam, "--port": 3999, "--built": tmp_path / built, "--directory": tmp_path / "local"}
        return subprocess.run(
            [sys.executable, "-m", "infra.local.sam", *(str(part) for pair in options.items() for part in pair)],
            cwd=ROOT,
            env=os.environ | {"DOCKER_HOST": engine, "AWS_PROFILE": "work"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_without_a_container_engine_it_says_so_in_one_line(run):
    ended = run("unix:///nowhere/docker.sock")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "sam local needs a container engine, and none answers here. make run needs none.\n"


def test_without_a_build_it_says_so_in_one_line(run):
    with container_engine() as engine:
        ended = run(engine, built="missing.yaml")
    assert ended.returncode == 1
    assert ended.stderr.endswith("missing.yaml: run make build first.\n")
    assert ended.stderr.startswith("There is no built template at ")


def test_sam_gets_the_built_functions_and_the_way_to_moto(run):
    with container_engine() as engine:
        ended = run(engine)
    assert ended.returncode == 7, ended.stderr
    *announced, told = ended.stdout.splitlines()
    told = json.loads(told)
    assert announced[0].startswith("AWS is moto on every interface of this machine, http://127.0.0.1:")
    assert announced[1].startswith("An API key of the tenant demo: ctk_")
    assert told["command"] == ["local", "start-api"]
    assert told["options"]["--port"] == "3999"
    assert told["options"]["--add-host"] == "host.docker.internal:host-gateway"
    assert (told["aws"], told["profile"]) == (200, None)
    # SAM sets a variable only where the template declares it.
    declared = told["template"]["Globals"]["Function"]["Environment"]["Variables"]
    assert declared == {"TABLE_NAME": {"Ref": "Table"}, "AWS_ENDPOINT_URL": ""}
    # It knows no alias, and would leave every route without its authorizer.
    authorizers = told["template"]["Resources"]["Api"]["Properties"]["Auth"]["Authorizers"]
    assert authorizers == {"Bearer": {"FunctionArn": {"Fn::GetAtt": ["Authorize", "Arn"]}}}
    assert told["variables"].keys() == STACK.functions.keys()
    create = told["variables"]["CreateClientToken"]
    assert create.keys() == STACK.functions["CreateClientToken"].environment.keys() | {"AWS_ENDPOINT_URL"}
    assert create["SIGNING_KEY_ARN"].startswith("arn:aws:kms:us-east-1:")


def test_moto_answers_on_every_interface():
    server, endpoint = cloud.serve("0.0.0.0")  # noqa: S104
    try:
        client = boto3.client("dynamodb", region_name=REGION, endpoint_url=endpoint)
        assert STACK.outputs["TableName"] in client.list_tables()["TableNames"]
        assert server.get_host_and_port()[0] == "0.0.0.0"  # noqa: S104
    finally:
        server.stop()
