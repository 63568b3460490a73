"""The machine and the versions with which it was measured."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path

from infra.local.code import ARTIFACT, RUNTIME
from infra.local.template import ROOT
from infra.tools.bench.programs import FASTAPI_MANGUM

_RUNTIME_HAS = ("awslambdaric", "boto3")
_LAYER_HAS = ("pydantic", "aws-lambda-powertools", "pyjwt")
_FASTAPI_MANGUM_HAS = ("fastapi", "mangum", "pydantic")


def description() -> list[tuple[str, str]]:
    (packages,) = (RUNTIME.parents[1] / "lib").glob("python*/site-packages")
    python = subprocess.run([RUNTIME, "-V"], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    return [
        ("date", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),
        ("commit", _commit()),
        ("machine", f"{_processor()}, {os.cpu_count()} CPUs, {platform.system()} {platform.machine()}"),
        ("load when it began", f"{os.getloadavg()[0]:.1f}"),
        ("runtime", ", ".join([python, *_versions(packages, _RUNTIME_HAS)])),
        ("layer", ", ".join(_versions(ARTIFACT / "SharedLayer/python", _LAYER_HAS))),
        ("fastapi_mangum", ", ".join(_versions(FASTAPI_MANGUM, _FASTAPI_MANGUM_HAS))),
    ]


def _versions(folder: Path, names: tuple[str, ...]) -> Iterator[str]:
    found = {re.sub(r"[-_.]+", "-", one.name.lower()): one.version for one in distributions(path=[str(folder)])}
    return (f"{name} {found[name]}" for name in names)


def _commit() -> str:
    """The commit of the artifact, and whether any measured file differs from it."""
    head = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--", "functions", "shared", "infra", "template.yaml")
    return f"{head}, with changes that are not committed" if changed else head


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603, S607
    return done.stdout.strip()


def _processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else platform.processor()
