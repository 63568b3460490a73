"""The artifact contains everything it imports, in an environment with only Lambda's runtime."""

import http.server
import json
import subprocess
import threading
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from runtype import RuntypeClient

from infra.local import code, template
from infra.local.functions import variables
from infra.local.template import ROOT
from shared.rules.target import KINDS
from tests.aws.in_memory import STACK
from tests.local_stack import RunningStack

# With the origin of each module.
IMPORT_ALL = """
import importlib, json, os, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps({name: module.__file__ for name, module in sys.modules.items() if getattr(module, "__file__", None)}))
"""


@pytest.mark.parametrize("name", STACK.functions)
def test_function_imports_only_from_its_layers(artifact, name):
    function, built = STACK.functions[name], code.artifact(template.read())
    names = [function.handler.rpartition(".")[0]]
    if name == "Chat":
        names += [f"shared.targets.{kind}" for kind in KINDS]
    done = subprocess.run(
        [built.python, "-c", IMPORT_ALL, *names],
        cwd=built.task,
        env=variables(function, "http://127.0.0.1:1", built.task, built.libraries(name)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    own = (built.task, *built.libraries(name))
    # Python's standard library is elsewhere; the source and Lambda's runtime are not.
    found = {module: Path(file) for module, file in json.loads(done.stdout).items() if Path(file).is_relative_to(ROOT)}
    abroad = {module for module, file in found.items() if not any(file.is_relative_to(place) for place in own)}
    # Powertools checks whether this one is installed.
    assert abroad <= {"botocore"}
    assert found.keys() - abroad


class _Keys(http.server.BaseHTTPRequestHandler):
    """An issuer's key set."""

    def __init__(self, document, *arguments):
        self._document = document
        super().__init__(*arguments)

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self._document)

    def log_message(self, *_):
        pass


@pytest.fixture
def clerk():
    """`clerk(address, claims)` is a session token of the issuer at `address`."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": "k", "use": "sig"}
    document = json.dumps({"keys": [public]}).encode()
    with http.server.HTTPServer(("127.0.0.1", 0), partial(_Keys, document)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        issuer = f"http://127.0.0.1:{server.server_port}"
        claims = {"iss": issuer, "sub": "user_1", "sid": "sess_1", "azp": "https://app.example.com"}
        claims["exp"] = int(datetime.now(UTC).timestamp()) + 60
        yield issuer, jwt.encode(claims, key, "RS256", headers={"kid": "k"})
        server.shutdown()


def test_authorizer_verifies_a_signature_with_its_own_layer(artifact, clerk, tmp_path):
    issuer, session_token = clerk
    parameters = [f"ClerkIssuer={issuer}", "ClerkAuthorizedParties=https://app.example.com"]
    stack = RunningStack(tmp_path, "--artifact", *(word for one in parameters for word in ("--parameter", one)))
    try:
        client = RuntypeClient(api_key=session_token, base_url=stack.url)
        assert client.api.client_tokens.list_client_tokens().client_tokens == []
    finally:
        assert stack.stop() == 0
