"""`make sam-local`: the built functions in Lambda's container images, by `sam local start-api`, with AWS from moto."""

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

import docker  # type: ignore[import-untyped]

from infra.local import access, cloud, template
from infra.local.cloud import Stack
from infra.local.template import ROOT

_CONTAINERS_SEE = "host.docker.internal"


def main() -> None:
    options = _options()
    _require_engine()
    if not options.built.is_file():
        sys.exit(f"There is no built template at {options.built}: run make build first.")
    access.isolate()
    logging.disable(logging.WARNING)
    # Containers do not reach the loopback address, so this one listens on all.
    server, endpoint = cloud.serve("0.0.0.0")  # noqa: S104
    made = cloud.create(template.translate(template.read()), endpoint)
    os.environ.update(access.variables(endpoint), TABLE_NAME=made.outputs["TableName"])
    # Late, for the store finds its table and its AWS in the environment as it is imported.
    from infra.local import seed  # noqa: PLC0415

    key = seed.plant_tenant()
    options.directory.mkdir(parents=True, exist_ok=True)
    variables = options.directory / "sam-env.json"
    variables.write_text(json.dumps(environment(made, endpoint), indent=2) + "\n", encoding="utf-8")
    # Beside the built one, whose paths to the code are relative.
    started = options.built.with_name("local.json")
    started.write_text(json.dumps(adapted(template.read(options.built))), encoding="utf-8")
    print(f"AWS is moto on every interface of this machine, {endpoint}.")
    print(f"An API key of the tenant {seed.TENANT}: {key}", flush=True)
    # Ctrl-C reaches sam too, which removes its containers and ends; so do we.
    signal.signal(signal.SIGINT, lambda *_: None)
    status = subprocess.call(_command(options, started, variables))  # noqa: S603 - our own command
    server.stop()
    sys.exit(status)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.sam", description="Runs sam local start-api before moto."
    )
    parser.add_argument("--sam", type=Path, required=True, help="the SAM CLI")
    parser.add_argument("--port", type=int, default=3000, help="where the API listens (default: 3000)")
    parser.add_argument(
        "--built",
        type=Path,
        default=ROOT / ".aws-sam/build/template.yaml",
        help="the template that sam build has written",
    )
    parser.add_argument("--directory", type=Path, default=ROOT / ".local", help="where sam-env.json goes")
    return parser.parse_args()


def _require_engine() -> None:
    """SAM asks in the same way."""
    try:
        docker.from_env(timeout=5).ping()
    except docker.errors.DockerException:
        sys.exit("sam local needs a container engine, and none answers here. make run needs none.")


def environment(stack: Stack, endpoint: str) -> dict[str, dict[str, str]]:
    """What `sam local --env-vars` reads: each function's variables as its container is to see them."""
    seen = endpoint.replace("127.0.0.1", _CONTAINERS_SEE)
    return {
        logical_id: {**function.environment, "AWS_ENDPOINT_URL": seen}
        for logical_id, function in stack.functions.items()
    }


def adapted(built: dict[str, Any]) -> dict[str, Any]:
    """The template as `sam local` reads it.

    It sets only variables that the template declares, and ours must not declare AWS's endpoint. It knows no aliases,
    and would pass over an authorizer that is called by one.
    """
    variables: dict[str, Any] = built["Globals"]["Function"]["Environment"]["Variables"]
    variables["AWS_ENDPOINT_URL"] = ""
    for resource in built["Resources"].values():
        for authorizer in resource.get("Properties", {}).get("Auth", {}).get("Authorizers", {}).values():
            function = authorizer["FunctionArn"]["Ref"].removesuffix(".Alias")
            authorizer["FunctionArn"] = {"Fn::GetAtt": [function, "Arn"]}
    return built


def _command(options: argparse.Namespace, started: Path, variables: Path) -> list[str]:
    arguments = {
        "--template": started,
        "--env-vars": variables,
        "--port": options.port,
        "--region": access.REGION,
        # Docker Desktop knows this name; on Linux it has to be told.
        "--add-host": f"{_CONTAINERS_SEE}:host-gateway",
    }
    return [str(options.sam), "local", "start-api", *(str(part) for pair in arguments.items() for part in pair)]


if __name__ == "__main__":
    main()
