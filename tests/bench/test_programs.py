"""The baselines that `make bench` starts."""

import ast

import pytest

from infra.tools.bench import programs


@pytest.mark.parametrize(
    ("name", "handler"), [("bare", "handler"), ("bare", "stream"), ("empty", "handler"), ("floor", "handler")]
)
def test_baseline_file_has_a_handler(name, handler):
    module = ast.parse((programs.BASELINES / f"{name}.py").read_text(encoding="utf-8"))
    assert handler in {node.name for node in module.body if isinstance(node, ast.FunctionDef)}


def test_fastapi_mangum_baseline_has_a_handler():
    module = ast.parse((programs.BASELINES / "fastapi_mangum/app.py").read_text(encoding="utf-8"))
    assert "handler" in {target.id for node in module.body if isinstance(node, ast.Assign) for target in node.targets}
