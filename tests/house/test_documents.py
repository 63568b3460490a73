"""Claims in the pages name their proof, and commands to paste are valid for shells and the AWS CLI."""

import ast
import re
import subprocess

import botocore.session
import jmespath
import pytest
from botocore import xform_name

from infra.local.template import ROOT

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def _tests(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_security_claim_names_an_existing_test():
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", (ROOT / "docs/security.md").read_text(encoding="utf-8"), re.MULTILINE)
    claims = {claim: NAMED.findall(proof) for claim, proof in rows if "::" in proof}
    assert len(claims) > 20
    missing = {claim: path for claim, proofs in claims.items() for path, name in proofs if name not in _tests(path)}
    assert missing == {}


@pytest.mark.parametrize("section", ["### Tokens", "### The browser plane", "### The management plane", "### AWS"])
def test_every_security_claim_has_a_test(section):
    text = (ROOT / "docs/security.md").read_text(encoding="utf-8").partition(section)[2]
    table = text.partition("\n#")[0].strip().splitlines()
    rows = [line for line in table if line.startswith("| ") and not line.startswith(("| claim", "| ---"))]
    assert rows
    assert [line for line in rows if not NAMED.search(line)] == []


def _measured_of_chat(section):
    """The cells of its row: each a median, without the range."""
    text = (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8").partition(section)[2]
    row = next(line for line in text.splitlines() if line.startswith("| Chat |"))
    return [cell.split()[0].strip(",") for cell in row.strip("| ").split(" | ")]


def test_readme_figures_match_the_benchmarks():
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    *_, to_floor, _ = _measured_of_chat("## Cold start")
    assert f"starts in {to_floor} of the CPU time" in readme
    *_, to_usual = _measured_of_chat("## Cost")
    assert f"A message costs {to_usual} of its price in FastAPI" in readme
    _, _, word, *_ = _measured_of_chat("## Streaming")
    assert f"holds each word of an answer for {word} ms" in readme


OPERATE = "\n".join((ROOT / f"docs/{name}.md").read_text(encoding="utf-8") for name in ("operate", "deploy"))
SHELL = [block.replace("\n   ", "\n") for block in re.findall(r"```sh\n(.*?)```", OPERATE, re.DOTALL)]
COMMANDS = re.findall(r"\baws ([a-z0-9-]+) (wait )?([a-z-]+)([^\n`|;]*)", OPERATE.replace("\\\n", " "))
# The last is the CLI's name for an Endpoint, which would resemble one of its own options.
OF_THE_CLI = {"output", "query", "notification-endpoint"}


@pytest.mark.parametrize("block", SHELL, ids=lambda block: block[:40])
def test_documented_commands_parse_in_a_shell(block):
    assert subprocess.run(["/bin/bash", "-n"], input=block, capture_output=True, text=True, check=True).stderr == ""


@pytest.mark.parametrize(("service", "wait", "command", "rest"), COMMANDS, ids=lambda part: part[:40])
def test_documented_aws_cli_options_exist(service, wait, command, rest):
    session = botocore.session.get_session()
    model = session.get_service_model(service)
    if wait:
        waiters = session.get_waiter_model(service)
        (name,) = [name for name in waiters.waiter_names if xform_name(name, "-") == command]
        operation = waiters.get_waiter(name).operation
    else:
        (operation,) = [name for name in model.operation_names if xform_name(name, "-") == command]
    members = {xform_name(name, "-") for name in model.operation_model(operation).input_shape.members}
    unquoted = re.sub(r"'[^']*'|\"[^\"]*\"", "", rest)
    options = {option.removeprefix("no-") for option in re.findall(r"--([a-z-]+)", unquoted)}
    assert options <= members | OF_THE_CLI


def test_documented_jmespath_queries_compile():
    queries = re.findall(r"""--query ('[^']*'|"[^"]*"|[\w.]+)""", OPERATE.replace("\\\n", " "))
    assert len(queries) >= 8
    for query in queries:
        jmespath.compile(query.strip("'\""))


def test_documented_log_query_keeps_its_rows():
    query = re.search(r"--query '([^']*)' --output text; }", OPERATE)[1]
    rows = [[{"field": "@timestamp", "value": "12:00"}, {"field": "status", "value": "503"}], [{"value": "12:01"}]]
    assert jmespath.search(query, {"status": "Complete", "results": rows}) == [["12:00", "503"], ["12:01"]]
