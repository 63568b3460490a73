"""The table of operations names every operation that the template serves, as the document describes it."""

import json

import pytest

from infra.local.openapi import read_routes
from infra.local.routes import Function
from tests.house.code import ROOT
from tests.operations import MANAGEMENT, OPERATIONS, each

DOCUMENT = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def served(template):
    """Function, method, and path of every route that a function serves."""
    return {
        (route.target.name, method, path)
        for path, methods in read_routes(template).paths.items()
        for method, route in methods.items()
        if isinstance(route.target, Function)
    }


def test_table_has_a_row_per_operation_of_the_template(served):
    rows = [(operation.name, operation.method, operation.path) for operation in OPERATIONS]
    missing, unknown = served - set(rows), set(rows) - served
    assert not missing, f"Give it a row in tests/operations.py: {missing}"
    assert not unknown, f"The template serves no such operation: {unknown}"
    assert len(rows) == len(served)


def _described(operation):
    return DOCUMENT["paths"][operation.path][operation.method.lower()]


@each(OPERATIONS)
def test_row_matches_the_openapi_document(operation):
    described = _described(operation)
    headers = {one["$ref"].rpartition("/")[2] for one in described.get("parameters", []) if "$ref" in one}
    assert described["security"] == ([{"Bearer": [operation.scope]}] if operation in MANAGEMENT else [])
    assert ("requestBody" in described) is (operation.body is not None)
    assert ("Idempotency-Key" in headers) is operation.takes_key
    assert ("If-Match" in headers) is (operation.is_change and "{id}" in operation.path)
