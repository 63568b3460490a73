"""Law 11: a value never changes, so nothing changes what another part of the program holds."""

import ast

import pytest

from tests.house.code import modules

MODULES = modules("functions", "shared")


def _dataclasses(module):
    """Every class with `@dataclass`, and the options that are set to True there."""
    for node in ast.walk(module.tree):
        for decorator in node.decorator_list if isinstance(node, ast.ClassDef) else ():
            match decorator:
                case ast.Name("dataclass"):
                    yield node, set()
                case ast.Call(func=ast.Name("dataclass"), keywords=options):
                    yield node, {one.arg for one in options if getattr(one.value, "value", None) is True}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_dataclasses_are_frozen_and_have_slots(module):
    for node, options in _dataclasses(module):
        assert {"frozen", "slots"} <= options, module.at(node.lineno)
