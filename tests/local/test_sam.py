"""`make sam-local` up to the start of containers: a fake engine, a fake SAM CLI, and the real moto."""

import contextlib
import json
import os
import platform
import stat
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import boto3
import pytest

from infra.local import cloud, sam
from infra.local.access import REGION
from infra.local.containers import Engine, NoEngine
from infra.local.template import ROOT, read
from tests.aws.in_memory import STACK

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
# Reports its arguments, and whether moto answers there with the given access key and with others.
SAM = f"""#!{sys.executable}
import json, os, sys, urllib.error, urllib.request
options = dict(zip(sys.argv[3::2], sys.argv[4::2]))
variables = json.load(open(options["--env-vars"]))
address = options["--add-host"].partition(":")[2].replace("host-gateway", "127.0.0.1")
endpoint = variables["CreateClientToken"]["AWS_ENDPOINT_URL"].replace("host.docker.internal", address)

def aws(key, url=endpoint):
    request = urllib.request.Request(url + "/moto-api/")
    if key:
        scope = f"{{key}}/20270131/us-east-1/dynamodb/aws4_request"
        request.add_header("Authorization", f"AWS4-HMAC-SHA256 Credential={{scope}}")
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as refused:
        return refused.code
    except OSError:
        return None

key = os.environ["AWS_ACCESS_KEY_ID"]
told = {{
    "command": sys.argv[1:3], "options": options, "variables": variables,
    "template": json.load(open(options["--template"])),
    "aws": aws(key),
    "strangers": [aws("local"), aws(key[:-1]), aws(key + "x"), aws(None)],
    "elsewhere": aws(key, endpoint.replace(address, "127.0.0.1")),
    "shell": open(os.path.join(os.path.dirname(options["--env-vars"]), "sam-aws.sh")).read().splitlines(),
    "key": key,
    "profile": os.environ.get("AWS_PROFILE"),
}}
print(json.dumps(told))
sys.exit(7)
"""


class PretendedEngine(BaseHTTPRequestHandler):
    bridge = None
    architecture = None

    def do_GET(self):
        body = b"OK"
        if self.path.endswith("/version"):
            body = json.dumps({"ApiVersion": "1.44", "Arch": self.architecture}).encode()
        if self.path.endswith("/networks/bridge") and self.bridge:
            configurations = [{"Subnet": "fe80::/64", "Gateway": "fe80::1"}, {"Gateway": self.bridge}]
            body = json.dumps({"Id": "1", "IPAM": {"Config": configurations}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def container_engine(**properties):
    handler = type("Handler", (PretendedEngine,), properties)
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"tcp://127.0.0.1:{server.server_port}"
        server.shutdown()


def run(directory, engine, built="template.yaml"):
    pretended = directory / "sam"
    pretended.write_text(SAM)
    pretended.chmod(0o755)
    (directory / "template.yaml").write_text(BUILT)
    options = {"--sam": pretended, "--port": 3999, "--built": directory / built, "--directory": directory / "local"}
    return subprocess.run(
        [sys.executable, "-m", "infra.local.sam", *(str(part) for pair in options.items() for part in pair)],
        cwd=ROOT,
        env=os.environ | {"DOCKER_HOST": engine, "AWS_PROFILE": "work"},
        capture_output=True,
        text=True,
        check=False,
    )


class Ran:
    """The arguments of the fake SAM CLI, and the lines printed before it ran."""

    def __init__(self, directory, **engine):
        self.directory = directory
        with container_engine(**engine) as address:
            ended = run(directory, address)
        assert ended.returncode == 7, ended.stderr
        *self.announced, given = ended.stdout.splitlines()
        self.given = json.loads(given)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """With an engine whose bridge has no address on this machine."""
    return Ran(tmp_path_factory.mktemp("sam"))


@pytest.fixture(scope="module")
def ran_on_linux(tmp_path_factory):
    """With an engine whose bridge has an address on this machine."""
    if sys.platform != "linux":
        pytest.skip("elsewhere only one loopback address can be listened on")
    return Ran(tmp_path_factory.mktemp("sam"), bridge="127.0.0.2", architecture="arm64")


def test_one_line_error_without_a_container_engine(tmp_path):
    ended = run(tmp_path, "unix:///nowhere/docker.sock")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "sam local needs a container engine, and none answers here. make run needs none.\n"


def test_one_line_error_without_a_build(tmp_path):
    with container_engine() as engine:
        ended = run(tmp_path, engine, built="missing.yaml")
    assert ended.returncode == 1
    assert ended.stderr.endswith("missing.yaml: make sam-local builds it.\n")
    assert ended.stderr.startswith("There is no built template at ")


def test_sam_gets_the_built_functions_and_the_moto_endpoint(ran):
    assert ran.announced[0].startswith("AWS is moto on http://127.0.0.1:")
    assert ran.announced[1].startswith("An API key of the tenant demo: ctk_")
    assert ran.given["command"] == ["local", "start-api"]
    assert ran.given["options"]["--port"] == "3999"
    assert ran.given["options"]["--add-host"] == "host.docker.internal:host-gateway"
    assert (ran.given["aws"], ran.given["profile"]) == (200, None)
    # SAM sets a variable only where the template declares it.
    declared = ran.given["template"]["Globals"]["Function"]["Environment"]["Variables"]
    assert declared == {"TABLE_NAME": {"Ref": "Table"}, "AWS_ENDPOINT_URL": ""}
    # It ignores aliases, and would leave every route without its authorizer.
    authorizers = ran.given["template"]["Resources"]["Api"]["Properties"]["Auth"]["Authorizers"]
    assert authorizers == {"Bearer": {"FunctionArn": {"Fn::GetAtt": ["Authorize", "Arn"]}}}
    assert ran.given["variables"].keys() == STACK.functions.keys()
    create = ran.given["variables"]["CreateClientToken"]
    assert create.keys() == STACK.functions["CreateClientToken"].environment.keys() | {"AWS_ENDPOINT_URL"}
    assert create["SIGNING_KEY_ARN"].startswith("arn:aws:kms:us-east-1:")
    assert stat.S_IMODE((ran.directory / "local/sam-env.json").stat().st_mode) == 0o600


def test_access_key_is_exported_to_a_file_while_it_runs(ran):
    assert f"export AWS_ACCESS_KEY_ID={ran.given['key']}" in ran.given["shell"]
    assert not (ran.directory / "local/sam-aws.sh").exists()


def test_containers_are_kept_warm(ran):
    assert ran.given["options"]["--warm-containers"] == "LAZY"


def test_moto_accepts_only_the_access_key_of_this_run(ran, ran_on_linux):
    assert ran.given["strangers"] == [403] * 4
    assert len(ran.given["key"]) >= 32
    assert ran.given["key"] != ran_on_linux.given["key"]


def test_moto_listens_where_only_containers_reach_it(ran_on_linux):
    assert ran_on_linux.announced[0].startswith("AWS is moto on http://127.0.0.2:")
    assert ran_on_linux.given["options"]["--add-host"] == "host.docker.internal:127.0.0.2"
    assert (ran_on_linux.given["aws"], ran_on_linux.given["elsewhere"]) == (200, None)


def test_functions_are_built_for_the_architecture_of_the_engine(ran, ran_on_linux):
    assert ran_on_linux.given["template"]["Globals"]["Function"]["Architectures"] == ["arm64"]
    here = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
    assert ran.given["template"]["Globals"]["Function"]["Architectures"] == [here]


@pytest.mark.parametrize(("engines", "lambdas"), [("amd64", "x86_64"), ("arm64", "arm64"), ("aarch64", "arm64")])
def test_architecture_of_the_engine_is_mapped_to_lambda(monkeypatch, engines, lambdas):
    with container_engine(architecture=engines) as engine:
        monkeypatch.setenv("DOCKER_HOST", engine)
        assert Engine().architecture == lambdas


def test_an_architecture_without_functions_is_refused(monkeypatch):
    with container_engine(architecture="s390x") as engine:
        monkeypatch.setenv("DOCKER_HOST", engine)
        with pytest.raises(NoEngine, match="architecture, s390x"):
            _ = Engine().architecture


@pytest.mark.parametrize("bridge", [None, "192.0.2.1", "nonsense"])
def test_bridge_inside_a_virtual_machine_has_no_host_address(monkeypatch, bridge):
    with container_engine(bridge=bridge) as engine:
        monkeypatch.setenv("DOCKER_HOST", engine)
        assert Engine().host_address is None


def test_make_sam_local_builds_into_a_folder_that_nobody_deploys(tmp_path):
    """Up to pip: a stand-in for Python, which records what it should install and compile."""
    python, noted, into = tmp_path / "python", tmp_path / "noted", tmp_path / "sam"
    python.write_text(
        f'#!/bin/sh\necho "$@" >>{noted}\n'
        'while [ $# -gt 0 ]; do if [ "$1" = --target ]; then mkdir -p "$2"; fi; shift; done\n'
    )
    python.chmod(0o755)
    with container_engine(architecture="amd64") as engine:
        options = {"--sam": tmp_path / "sam-cli", "--python": python, "--directory": tmp_path}
        command = [sys.executable, "-m", "infra.local.sam", *(str(part) for pair in options.items() for part in pair)]
        environment = os.environ | {"DOCKER_HOST": engine}
        subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    installs = [line for line in noted.read_text().splitlines() if " pip " in f" {line} "]
    assert all("--platform manylinux2014_x86_64" in line and f"--target {into}/" in line for line in installs)
    assert installs


def test_built_template_names_its_folders():
    built = sam.template_of_built(read(), "x86_64")
    resources = built["Resources"].values()
    assert built["Globals"]["Function"]["CodeUri"] == "functions"
    layers = [each["Properties"] for each in resources if each["Type"] == "AWS::Serverless::LayerVersion"]
    assert {layer["ContentUri"] for layer in layers} == {"SharedLayer", "CryptographyLayer"}
    assert {tuple(layer["CompatibleArchitectures"]) for layer in layers} == {("x86_64",)}
    assert "arm64" not in json.dumps([sam.adapted(built, "x86_64")["Globals"], layers])
    assert all("Metadata" not in each for each in resources)


def test_moto_listens_only_on_its_own_address():
    server, endpoint = cloud.serve()
    try:
        client = boto3.client("dynamodb", region_name=REGION, endpoint_url=endpoint)
        assert STACK.outputs["TableName"] in client.list_tables()["TableNames"]
        assert server.get_host_and_port()[0] == "127.0.0.1"
    finally:
        server.stop()
