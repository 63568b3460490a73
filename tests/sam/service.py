"""Runs the SAM CLI's own code without containers: the events that it generates, and its own error responses.

Run it in the environment of the SAM CLI, which is not that of the tests: python tests/sam/service.py TEMPLATE
"""

import json
import subprocess
import sys
from pathlib import Path

from samcli import __version__
from samcli.lib.providers.api_provider import ApiProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider
from samcli.local.apigw.local_apigw_service import LocalApigwService

POLICY = {"Version": "2012-10-17", "Statement": [{"Action": "execute-api:Invoke", "Resource": "*"}]}
CONTEXT = {"tenant": "demo", "scopes": "tokens:read tokens:write", "expiresAt": "never"}
CALLER = {"principalId": "key_1", "context": CONTEXT}
REQUESTS = {
    "create": ("POST", "/v1/client-tokens", {"name": "Shop"}, "Bearer good"),
    "get": ("GET", "/v1/client-tokens/ct_a%2Bb?x=1&x=2", None, "Bearer good"),
    "init": ("POST", "/v1/client/init", {"token": "value"}, None),
    "no credential": ("GET", "/v1/client-tokens", None, None),
    "denied": ("GET", "/v1/client-tokens", None, "Bearer bad"),
    "unknown path": ("GET", "/v1/nothing", None, None),
    "unknown method": ("PATCH", "/v1/client-tokens", None, "Bearer good"),
}
KINDS = ["authorizer", "aws-proxy", "http-api-proxy", "request-authorizer"]


class Runner:
    """Replaces containers: records the event with which each function would be invoked."""

    def __init__(self):
        self.events = []

    def is_debugging(self):
        return False

    def invoke(self, function, event, stdout, **_):
        self.events.append({"function": function, "event": json.loads(event)})
        answer = {"statusCode": 200, "body": "{}"}
        if function == "Authorize":
            effect = "Allow" if self.events[-1]["event"]["authorizationToken"] == "Bearer good" else "Deny"
            statement = POLICY["Statement"][0] | {"Effect": effect}
            answer = CALLER | {"policyDocument": POLICY | {"Statement": [statement]}}
        stdout.write_str(json.dumps(answer))


def asked(service, runner, method, path, body, authorization):
    headers = {"Origin": "https://app.example.com", "User-Agent": "browser"}
    headers |= {"Authorization": authorization} if authorization else {}
    runner.events.clear()
    response = service._app.test_client().open(path, method=method, json=body, headers=headers)
    cors = response.headers.get("Access-Control-Allow-Origin")
    answer = {"status": response.status_code, "body": response.get_json(), "cors": cors}
    return {"answer": answer, "invocations": list(runner.events)}


def generated(kind):
    sam = Path(sys.executable).with_name("sam")
    command = [str(sam), "local", "generate-event", "apigateway", kind]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def main(template):
    stacks, _ = SamLocalStackProvider.get_stacks(template)
    runner = Runner()
    service = LocalApigwService(ApiProvider(stacks).api, runner, port=3000, host="127.0.0.1")
    service.create()
    return {
        "version": __version__,
        "authorizers": {
            f"{method} {route.path}": route.authorizer_object and route.authorizer_object.lambda_name
            for route in sorted(service.api.routes, key=lambda route: route.path)
            for method in route.methods
            if method != "OPTIONS"
        },
        "requests": {name: asked(service, runner, *request) for name, request in REQUESTS.items()},
        "generated": {kind: generated(kind) for kind in KINDS},
    }


if __name__ == "__main__":
    json.dump(main(sys.argv[1]), sys.stdout)
