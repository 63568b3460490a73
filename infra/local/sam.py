"""`make sam-local`: runs the functions in Lambda's container images with `sam local start-api`, and AWS in moto."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from infra.local import access, cloud, seed, template
from infra.local.cloud import Stack
from infra.local.containers import HOST_NAME, Engine, NoEngine
from infra.local.owner_only import write
from infra.local.template import ROOT, Template

_WHEELS = {"x86_64": "x86_64", "arm64": "aarch64"}


def main() -> None:
    options = _options()
    try:
        engine = Engine()
        architecture = engine.architecture
    except NoEngine as reason:
        sys.exit(str(reason))
    built = options.built or options.directory / "sam/template.json"
    if options.python:
        print(f"Building the functions for {architecture} into {built.parent}, which takes a minute.", flush=True)
        build(built, architecture, options.python)
    if not built.is_file():
        sys.exit(f"There is no built template at {built}: make sam-local builds it.")
    access.isolate()
    logging.disable(logging.WARNING)
    address = engine.host_address
    credentials = access.made_up()
    server, endpoint = cloud.serve(address or "127.0.0.1", credentials["AWS_ACCESS_KEY_ID"])
    made = cloud.create(template.translate(template.read()), endpoint, credentials)
    os.environ.update(access.variables(endpoint, credentials), TABLE_NAME=made.outputs["TableName"])
    key = seed.plant_tenant()
    variables = options.directory / "sam-env.json"
    write(variables, json.dumps(environment(made, endpoint), indent=2) + "\n")
    # For sam local invoke, in another terminal.
    shell = options.directory / "sam-aws.sh"
    write(shell, "".join(f"export {name}={value}\n" for name, value in access.variables(endpoint, credentials).items()))
    # Beside the built template, whose paths to the code are relative.
    started = built.with_name("local.json")
    started.write_text(json.dumps(adapted(template.read(built), architecture)), encoding="utf-8")
    print(_greeting(endpoint, address, key, options.port), flush=True)
    # Ctrl-C also reaches sam, which removes its containers and ends.
    signal.signal(signal.SIGINT, lambda *_: None)
    status = subprocess.call(_command(options, started, variables, address))  # noqa: S603 - our own command
    shell.unlink(missing_ok=True)
    server.stop()
    sys.exit(status)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.sam", description="Runs sam local start-api with AWS from moto."
    )
    parser.add_argument("--sam", type=Path, required=True, help="the SAM CLI")
    parser.add_argument("--port", type=int, default=3000, help="where the API listens (default: 3000)")
    parser.add_argument("--directory", type=Path, default=ROOT / ".local", help="where its files go (default: .local)")
    code = parser.add_mutually_exclusive_group()
    code.add_argument("--python", help="build the functions into sam/ first, with this Python of Lambda's version")
    code.add_argument(
        "--built", type=Path, help="the template of functions that are built (default: sam/template.json)"
    )
    return parser.parse_args()


def build(built: Path, architecture: str, python: str) -> None:
    """Builds the functions as for Lambda, but for this machine's containers. `built`: the template to write, in its own
    folder, so that it is not mistaken for the artifact of a deployment.
    """
    given = {"INTO": built.parent.resolve(), "MACHINE": _WHEELS[architecture], "PYTHON": python}
    command = ["make", "-f", "infra/Makefile", "containers", *(f"{name}={value}" for name, value in given.items())]
    # This make is independent of the one that may have started us.
    variables = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL"}}
    if subprocess.call(command, cwd=ROOT, env=variables):  # noqa: S603 - our own command
        sys.exit("The functions could not be built.")
    built.write_text(json.dumps(template_of_built(template.read(), architecture)), encoding="utf-8")


def template_of_built(source: Template, architecture: str) -> Template:
    """The template with the paths of `build`: all functions in one folder, each layer in its own."""
    source["Globals"]["Function"]["CodeUri"] = "functions"
    # Alarms are not needed.
    kept = {name: one for name, one in source["Resources"].items() if one["Type"] != "AWS::Serverless::Application"}
    source["Resources"] = kept
    for name, resource in kept.items():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"].pop("CodeUri", None)
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            resource["Properties"] |= {"ContentUri": name, "CompatibleArchitectures": [architecture]}
        # Everything is built already.
        resource.pop("Metadata", None)
    return source


def environment(stack: Stack, endpoint: str) -> dict[str, dict[str, str]]:
    """The input of `sam local --env-vars`: each function's variables in its container."""
    port = endpoint.rpartition(":")[2]
    return {
        logical_id: {**function.environment, "AWS_ENDPOINT_URL": f"http://{HOST_NAME}:{port}"}
        for logical_id, function in stack.functions.items()
    }


def adapted(built: Template, architecture: str) -> Template:
    """The template as `sam local` reads it.

    It sets only variables that the template declares, and ours must not declare AWS's endpoint. It finds an authorizer
    by its logical id, and skips one that is called by an alias or has a name. It runs functions for the architecture
    that they name.
    """
    function: dict[str, Any] = built["Globals"]["Function"]
    function["Architectures"] = [architecture]
    function["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = ""
    for resource in built["Resources"].values():
        resource.get("Properties", {}).pop("FunctionName", None)
        for authorizer in resource.get("Properties", {}).get("Auth", {}).get("Authorizers", {}).values():
            name = authorizer["FunctionArn"]["Ref"].removesuffix(".Alias")
            authorizer["FunctionArn"] = {"Fn::GetAtt": [name, "Arn"]}
    return built


def _greeting(endpoint: str, address: str | None, key: str, port: int) -> str:
    listens = "where only containers of this machine reach it" if address else "on this machine's loopback address"
    return f"""\
AWS is moto on {endpoint}, {listens}. It takes no other access key than this run's.
An API key of the tenant demo: {key}
The SAM CLI is about to serve the API on http://127.0.0.1:{port}. The first request to a function starts its container.
docs/local.md says what the SAM CLI answers differently. Everything is in memory and ends with Ctrl-C.
"""


def _command(options: argparse.Namespace, started: Path, variables: Path, address: str | None) -> list[str]:
    arguments = {
        "--template": started,
        "--env-vars": variables,
        "--port": options.port,
        "--region": access.REGION,
        # Docker Desktop knows this name; on Linux it must be defined.
        "--add-host": f"{HOST_NAME}:{address or 'host-gateway'}",
        # Otherwise each request would start a new container.
        "--warm-containers": "LAZY",
    }
    return [str(options.sam), "local", "start-api", *(str(part) for pair in arguments.items() for part in pair)]


if __name__ == "__main__":
    main()
