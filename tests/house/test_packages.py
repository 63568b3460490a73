"""What a cold start loads: the exact packages of each function, so that adding one is a deliberate choice."""

import json
import subprocess
import sys

import pytest

from infra.local.template import ROOT
from infra.tools.openapi import browser, management

# Only botocore's `__init__`: Powertools checks whether it is installed.
LOGGING = {"aws_lambda_powertools", "botocore", "jmespath", "typing_extensions"}
# To parse requests.
PYDANTIC = {"annotated_types", "pydantic", "pydantic_core", "typing_inspection"}
JWT = {"jwt"}
DESCRIBED = management.OPERATIONS | browser.OPERATIONS

# One process imports each function in a child that it forks, from a state in which nothing of it is loaded. PyJWT would
# load cryptography if it were there, and there it is in the authorizer alone, which needs it late if at all.
LOADS = """
import importlib, json, os, sys
sys.modules["cryptography"] = None
before = set(sys.modules)
for handler in sys.argv[1:]:
    if os.fork():
        os.wait()
    else:
        importlib.import_module(f"functions.{handler}")
        loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
        loaded -= sys.stdlib_module_names | {"functions", "shared"}
        print(json.dumps([handler, sorted(name for name in loaded if not name.startswith("_"))]), flush=True)
        os._exit(0)
"""


@pytest.fixture(scope="module")
def loaded(functions):
    modules = {properties["Handler"].rpartition(".")[0]: name for name, properties in functions.items()}
    run = subprocess.run([sys.executable, "-c", LOADS, *modules], cwd=ROOT, capture_output=True, text=True, check=True)
    found = dict(json.loads(line) for line in run.stdout.splitlines())
    return {modules[handler]: set(packages) for handler, packages in found.items()}


@pytest.fixture(scope="module")
def needed(functions):
    """pydantic where a body or a query is read, PyJWT where a value is signed, and logging everywhere."""

    def packages(name, properties):
        described = DESCRIBED.get(name)
        reads = described is not None and (described.body or described.query)
        signs = "SIGNING_KEY_ARN" in properties["Environment"]["Variables"]
        return LOGGING | (PYDANTIC if reads else set()) | (JWT if signs else set())

    return {name: packages(name, properties) for name, properties in functions.items()}


def test_function_loads_only_the_packages_it_needs(loaded, needed):
    assert loaded == needed
