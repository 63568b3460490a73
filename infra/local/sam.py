"""`make sam-local`: the built functions in Lambda's container images, by `sam local start-api`, with AWS from moto."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docker  # type: ignore[import-untyped]

from infra.local import cloud, template
from infra.local.cloud import Stack
from infra.local.template import ROOT

BUILT = ROOT / ".aws-sam" / "build" / "template.yaml"
_CONTAINERS_SEE = "host.docker.internal"


def main() -> None:
    sam, port = sys.argv[1:]
    _require_engine()
    if not BUILT.is_file():
        sys.exit(f"There is no built template at {BUILT}: run make build first.")
    cloud.isolate()
    logging.disable(logging.WARNING)
    # Containers do not reach the loopback address, so this one listens on all.
    server, endpoint = cloud.serve("0.0.0.0")  # noqa: S104
    made = cloud.create(template.translate(template.read()), endpoint)
    os.environ.update(cloud.access(endpoint), TABLE_NAME=made.outputs["TableName"])
    # Late, for the store finds its table and its AWS in the environment as it is imported.
    from infra.local import seed  # noqa: PLC0415

    key = seed.plant_tenant()
    directory = ROOT / ".local"
    directory.mkdir(exist_ok=True)
    variables = directory / "sam-env.json"
    variables.write_text(json.dumps(environment(made, endpoint), indent=2) + "\n", encoding="utf-8")
    # Beside the built one, whose paths to the code are relative.
    started = BUILT.with_name("local.json")
    started.write_text(json.dumps(with_endpoint(template.read(BUILT))), encoding="utf-8")
    print(
        f"AWS is moto on every interface of this machine, {endpoint}. An API key of tenant {seed.TENANT}: {key}",
        flush=True,
    )
    # Ctrl-C reaches sam too, which removes its containers and ends; so do we.
    signal.signal(signal.SIGINT, lambda *_: None)
    status = subprocess.call(_command(sam, port, started, variables))  # noqa: S603 - our own command
    server.stop()
    sys.exit(status)


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


def with_endpoint(built: dict[str, Any]) -> dict[str, Any]:
    """`sam local` sets only variables that the template declares, and ours must not declare this one."""
    variables: dict[str, Any] = built["Globals"]["Function"]["Environment"]["Variables"]
    variables["AWS_ENDPOINT_URL"] = ""
    return built


def _command(sam: str, port: str, started: Path, variables: Path) -> list[str]:
    options: Mapping[str, str | Path] = {
        "--template": started,
        "--env-vars": variables,
        "--port": port,
        "--region": template.REGION,
        # Docker Desktop knows this name; on Linux it has to be told.
        "--add-host": f"{_CONTAINERS_SEE}:host-gateway",
    }
    return [sam, "local", "start-api", *(str(part) for option in options.items() for part in option)]


if __name__ == "__main__":
    main()
