"""The client generators, in their own environment, and the programs that use the generated clients."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from infra.local.template import ROOT
from tests.missing import do_without

ENVIRONMENT = ROOT / ".venv-clients"
DOCUMENT = ROOT / "openapi.json"
PROGRAMS = Path(__file__).with_name("programs")


@pytest.fixture
def run(tmp_path):
    """`run("tool", "argument")` returns the tool's output, and fails the test unless its exit code is 0."""
    if not (ENVIRONMENT / ".made").exists():
        do_without("The client generators are not installed: run make clients once, which needs PyPI and npm.")
    path = os.pathsep.join(map(str, (ENVIRONMENT / "bin", ENVIRONMENT / "node_modules/.bin", os.environ["PATH"])))

    def run(*command, **options):
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=os.environ | {"PATH": path, "PYTHONPATH": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **options,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run


@pytest.fixture
def program(tmp_path):
    """`program("orval.ts")`: a copy, beside which a client can be generated."""

    def copy(name):
        copied = tmp_path / name
        copied.write_text((PROGRAMS / name).read_text(encoding="utf-8"), encoding="utf-8")
        return copied

    return copy


@pytest.fixture
def arguments(stack):
    """The arguments of a program."""
    return [stack.url, stack.api_key, stack.flow_id]


@pytest.fixture
def typescript(run, tmp_path, program, arguments):
    """`typescript("orval.ts")` checks the program and the client's types, strictly, and runs it."""

    def check_and_run(name):
        options = {
            "strict": True,
            "noEmitOnError": True,
            "target": "es2022",
            "module": "commonjs",
            "lib": ["es2022", "dom", "dom.iterable"],
            "types": [],
            "outDir": "built",
        }
        settings = {"compilerOptions": options, "files": [program(name).name, "node.d.ts"]}
        (tmp_path / "tsconfig.json").write_text(json.dumps(settings))
        (tmp_path / "node.d.ts").write_text("declare const process: { argv: string[] };\n")
        run("tsc", "--project", "tsconfig.json")
        return run("node", f"built/{name.removesuffix('.ts')}.js", *arguments)

    return check_and_run
