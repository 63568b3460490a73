"""The measured programs: the template's functions as built, and the baselines, each in a process as under Lambda."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from infra.local import code, functions
from infra.local.cloud import Function
from infra.local.code import ARTIFACT, RUNTIME
from infra.local.environment import Environment
from infra.local.template import ROOT, Template

BASELINES = ROOT / "infra/tools/bench/baselines"
_WRAPPER = ARTIFACT / "SharedLayer/stream"
FASTAPI_MANGUM = ROOT / ".local/bench/fastapi_mangum/python"


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """`task`: the folder of the handler. `libraries`: the folders of its layers."""

    name: str
    function: Function
    task: Path
    libraries: tuple[Path, ...] = ()

    @property
    def streams(self) -> bool:
        """Whether the layer's wrapper starts it, with our own runtime client."""
        return "AWS_LAMBDA_EXEC_WRAPPER" in self.function.environment

    def start(self, endpoint: str, log: Callable[[str], None]) -> Environment:
        """A new process, whose AWS is at `endpoint`."""
        variables = functions.variables(self.function, endpoint, self.task, self.libraries)
        # In Lambda the folder of the code is read-only.
        variables["PYTHONDONTWRITEBYTECODE"] = "1"
        client = [str(RUNTIME), "-m", "awslambdaric", self.function.handler]
        command = [str(_WRAPPER), str(RUNTIME)] if self.streams else client
        return Environment(command, variables, self.task, self.function.arn, log)


def ours(source: Template, made: Mapping[str, Function]) -> dict[str, Program]:
    """By logical id. `source` names a function's layers. `made`: the functions as CloudFormation resolves them."""
    built = code.artifact(source)
    return {name: Program(name, function, built.task, built.libraries(name)) for name, function in made.items()}


def baseline(name: str, like: Function, *, handler: str = "handler", **environment: str) -> Program:
    """`name`: its module. It gets the memory and timeout of the function `like`."""
    return Program(name, replace(like, handler=f"{name}.{handler}", environment=environment), BASELINES)


def fastapi_mangum(like: Function) -> Program:
    """`like`: a function whose environment names the table and the key."""
    return Program(
        "fastapi_mangum", replace(like, handler="fastapi_mangum.app.handler"), FASTAPI_MANGUM, (FASTAPI_MANGUM,)
    )
