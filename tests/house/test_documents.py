"""What documents claim can be looked up: the tests that they name are there."""

import ast
import re

import pytest

from infra.local.template import ROOT

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def _tests(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_each_claim_of_security_names_a_test_that_exists():
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", (ROOT / "docs/security.md").read_text(encoding="utf-8"), re.MULTILINE)
    claims = {claim: NAMED.findall(proof) for claim, proof in rows if "::" in proof}
    assert len(claims) > 20
    missing = {claim: path for claim, proofs in claims.items() for path, name in proofs if name not in _tests(path)}
    assert missing == {}


@pytest.mark.parametrize("section", ["### Tokens", "### The browser's gate", "### The management plane", "### AWS"])
def test_no_claim_of_security_is_without_a_test(section):
    text = (ROOT / "docs/security.md").read_text(encoding="utf-8").partition(section)[2]
    table = text.partition("\n#")[0].strip().splitlines()
    rows = [line for line in table if line.startswith("| ") and not line.startswith(("| claim", "| ---"))]
    assert rows
    assert [line for line in rows if not NAMED.search(line)] == []
