"""The artifact contains what the functions need, compiled, for Lambda's architecture, and nothing else."""

import ast
import io
import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from infra.local.template import ROOT
from tests.artifact.conftest import LAYERS
from tests.aws.in_memory import STACK

PLATFORM = re.compile(r"(aarch64|x86_64)-linux-gnu")
MAGIC_BYTES, AARCH64 = 4, 183
SHARED_LAYER_MB = 7
# Package -> its license and version, which scanners read.
PACKAGES = {
    "SharedLayer": {
        "annotated_types", "aws_lambda_powertools", "certifi", "jmespath", "jwt", "publicsuffixlist", "pydantic",
        "pydantic_core", "shared", "typing_extensions.py", "typing_inspection",
    },
    "CryptographyLayer": {"_cffi_backend", "cffi", "cryptography", "pycparser"},
}  # fmt: skip
# Beside the packages.
SCRIPTS = {"SharedLayer": {"stream"}, "CryptographyLayer": set()}
# It exists by a parameter, and is built in any case.
CONSOLE = "ConsolePage"
FUNCTIONS = [*STACK.functions, CONSOLE]
PARTS = [*LAYERS, *FUNCTIONS]


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def code_of(folder):
    """Our own modules that are tracked by git."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}


def compiled(path):
    path = Path(path)
    return (path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc").as_posix()


def test_build_has_a_folder_per_function_layer_and_nested_stack(build):
    assert {path.name for path in build.iterdir() if path.is_dir()} == {*PARTS, "Watching"}
    assert files(build / "Watching") == {"template.yaml"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_package_holds_only_handlers(build, name):
    handlers = code_of(ROOT / "functions")
    pages = {name for name in files(ROOT / "functions") if "/console_files/" in name} if name == CONSOLE else set()
    assert files(build / name) == handlers | {compiled(one) for one in handlers} | pages


def test_function_finds_its_handler(build):
    for name, function in STACK.functions.items():
        module, _, handler = function.handler.rpartition(".")
        tree = ast.parse((build / name / f"{module.replace('.', '/')}.py").read_text())
        assert handler in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, name


@pytest.mark.parametrize("layer", LAYERS)
def test_layer_holds_the_listed_packages_and_their_metadata(build, layer):
    assert {path.name for path in (build / layer).iterdir()} == {"python"} | SCRIPTS[layer]
    names = {path.name.partition(".cpython-")[0] for path in (build / layer / "python").iterdir()} - {"__pycache__"}
    about = {name for name in names if name.endswith(".dist-info")}
    assert names - about == PACKAGES[layer]
    assert all((build / layer / "python" / name / "METADATA").is_file() for name in about)


def test_wrapper_of_streaming_functions_is_executable(build, artifact):
    for layer in (build / "SharedLayer", artifact / "SharedLayer"):
        assert (layer / "stream").stat().st_mode & 0o777 == 0o755
        assert (layer / "stream").read_bytes() == (ROOT / "infra/layer/stream").read_bytes()


def test_shared_layer_holds_all_of_shared(build):
    code = code_of(ROOT / "shared")
    found = {path for path in files(build / "SharedLayer/python/shared") if not path.startswith("http/certificates/")}
    assert found == code | {compiled(module) for module in code}


def test_openssl_finds_each_certificate_authority_by_its_subject(build, artifact):
    for layer in (build / "SharedLayer/python", artifact / "SharedLayer/python"):
        folder = layer / "shared/http/certificates"
        trusted = ["-no-CAfile", "-no-CAstore", "-CApath", folder]
        names = sorted(folder.iterdir())
        assert len(names) == (layer / "certifi/cacert.pem").read_text(encoding="utf-8").count("BEGIN CERTIFICATE")
        command = ["openssl", "verify", *trusted, *names]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.stdout.splitlines() == [f"{name}: OK" for name in names], done.stderr


@pytest.mark.parametrize("part", PARTS)
def test_all_code_is_compiled_with_unchecked_hashes(build, part):
    code = code_of(build / part)
    pycs = {path.relative_to(build / part).as_posix(): path for path in (build / part).rglob("*.pyc")}
    assert pycs.keys() == {compiled(module) for module in code}
    for path in pycs.values():
        flags = path.read_bytes()[MAGIC_BYTES : MAGIC_BYTES + 4]
        # PEP 552: hash-based, unchecked.
        assert flags == b"\1\0\0\0", path


@pytest.mark.parametrize("layer", LAYERS)
def test_native_code_matches_the_function_architecture(build, layer):
    libraries = list((build / layer).rglob("*.so"))
    assert libraries
    for library in libraries:
        assert int.from_bytes(library.read_bytes()[18:20], "little") == AARCH64, library


def test_shared_layer_stays_below_its_size_limit(build):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in files(build / "SharedLayer"):
            archive.write(build / "SharedLayer" / name, name)
    assert packed.tell() < SHARED_LAYER_MB * 1_000_000


@pytest.mark.parametrize("part", [*LAYERS, "functions"])
def test_local_build_differs_only_in_native_code(build, artifact, part):
    ours, theirs = artifact / part, build / (CONSOLE if part == "functions" else part)
    assert {PLATFORM.sub("*", name) for name in files(ours)} == {PLATFORM.sub("*", name) for name in files(theirs)}
    for name in files(ours):
        if name.endswith(".py"):
            assert (ours / name).read_bytes() == (theirs / name).read_bytes(), name


def test_artifact_is_built_from_the_current_code(build):
    for folder, copy in ((ROOT / "shared", build / "SharedLayer/python/shared"), (ROOT / "functions", build / "Chat")):
        for name in code_of(folder):
            assert (folder / name).read_bytes() == (copy / name).read_bytes(), name
