"""The functions' code and what runs it: the source as you edit it, or the built artifact."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from infra.local.template import ROOT, Template

# Built by make: the artifact for this machine, and Lambda's runtime without the packages of the artifact.
ARTIFACT = ROOT / ".local/artifact"
RUNTIME = ROOT / ".venv-runtime/bin/python"


# Added before a runtime client that runs the source.
_SHOWING_CRASHES = """
from infra.local import crashes

crashes.show()
"""

# Like python -m awslambdaric, for a Runtime API below a path. AWS's client supports paths, except when it reports a
# failed start.
_AWSLAMBDARIC = """
import sys
from awslambdaric.__main__ import main
from awslambdaric.lambda_runtime_client import BaseLambdaRuntimeClient as Client

call = Client.call_rapid

def call_below_path(self, method, endpoint, *rest):
    address, slash, path = self.lambda_runtime_address.partition("/")
    call(type(self)(address), method, slash + path + endpoint, *rest)

Client.call_rapid = call_below_path
main(sys.argv)
"""

_STAND_IN = """
import sys
from infra.local.runtime import main

main(sys.argv[1])
"""

# Started by the wrapper. Python puts `task` in front of the path.
_STREAMING = """
import runpy

runpy.run_module("shared.runtime", run_name="__main__")
"""


class NotBuilt(Exception):  # noqa: N818 - an answer to the developer
    """There is no artifact to run; the message says how to build it."""


@dataclass(frozen=True, slots=True)
class Code:
    """`task`: the folder of the handlers. `libraries`: by a function's logical id, the folders that replace its layers.
    `python` runs it under the runtime client whose module is `client`. `edited`: folders in which a change takes effect
    with the next event. `opt`: the folder that replaces /opt; None if the source replaces the layers. `preamble`: code
    that runs before the client.
    """

    task: Path
    libraries: Callable[[str], tuple[Path, ...]]
    python: str
    client: str
    edited: tuple[Path, ...]
    opt: Path | None = None
    preamble: str = ""

    def command(self, handler: str, wrapper: str | None) -> list[str]:
        """The command that starts a function in `task`. `wrapper`: its AWS_LAMBDA_EXEC_WRAPPER, a file in /opt."""
        if wrapper and self.opt:
            return [str(self.opt / wrapper.removeprefix("/opt/")), self.python]
        client = _AWSLAMBDARIC if self.client == "awslambdaric" else _STAND_IN
        program = _STREAMING if wrapper else client
        return [self.python, "-c", self.preamble + program, handler]


def source(root: Path = ROOT) -> Code:
    """`root` contains functions/ and shared/, and replaces the layers."""
    task = root / "functions"
    edited = (task, root / "shared")
    return Code(task, lambda _name: (root,), sys.executable, _runtime_client(), edited, preamble=_SHOWING_CRASHES)


def own(folder: Path, libraries: Iterable[Path]) -> Code:
    """A developer's own code in `folder`, with `libraries` of theirs."""
    client = _runtime_client()
    # The stand-in is in this repository.
    found = (*libraries, *(() if client == "awslambdaric" else (ROOT,)))
    return Code(folder, lambda _name: found, sys.executable, client, edited=(folder,))


def artifact(template: Template) -> Code:
    """The artifact for this machine. `template`: SAM's source, which names a function's layers. Raises NotBuilt."""
    if not (ARTIFACT.is_dir() and RUNTIME.is_file()):
        raise NotBuilt(f"There is no artifact in {ARTIFACT}: make run ARTIFACT=1 builds it, and needs python3.13.")
    shared = template["Globals"]["Function"]["Layers"]

    def libraries(name: str) -> tuple[Path, ...]:
        layers = [*shared, *template["Resources"][name]["Properties"].get("Layers", ())]
        return tuple(ARTIFACT / layer["Ref"] / "python" for layer in layers)

    return Code(
        ARTIFACT / "functions", libraries, str(RUNTIME), "awslambdaric", edited=(), opt=ARTIFACT / "SharedLayer"
    )


def _runtime_client() -> str:
    """Lambda's own if it is installed (it has no wheel for macOS), otherwise the stand-in."""
    has_own = importlib.util.find_spec("awslambdaric") and importlib.util.find_spec("runtime_client")
    return "awslambdaric" if has_own else "infra.local.runtime"
