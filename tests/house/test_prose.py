"""Law 8: a module says what it is for, its files are small, and nothing in them is unfinished or unused."""

import ast
import io
import re
import tokenize
from collections import Counter

import pytest

from tests.house.code import modules

CODE = modules("functions", "shared", "infra")
LINES = 250
TEST_NAME_MAX = 70
VAGUE = {"common", "helper", "helpers", "misc", "util", "utils"}


@pytest.mark.parametrize("module", CODE + modules("tests"), ids=lambda module: module.name)
def test_module_starts_with_its_purpose(module):
    assert (ast.get_docstring(module.tree) or "").split("\n")[0], module.at(1)


@pytest.mark.parametrize("module", CODE, ids=lambda module: module.name)
def test_no_todo_is_left(module):
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    tokens = tokenize.generate_tokens(io.StringIO(module.text).readline)
    undone = [token.start[0] for token in tokens if token.type == tokenize.COMMENT and marks.search(token.string)]
    protocols = {id(node) for one in ast.walk(module.tree) if _is_protocol(one) for node in ast.walk(one)}
    for node in ast.walk(module.tree):
        match node:
            case ast.Name(id="NotImplementedError"):
                undone.append(node.lineno)
            case ast.Expr(value=ast.Constant(value=value)) if value is ... and id(node) not in protocols:
                undone.append(node.lineno)
            case ast.Constant(value=str(text)) if marks.search(text):
                undone.append(node.lineno)
    assert [module.at(line) for line in undone] == []


def _is_protocol(node):
    return isinstance(node, ast.ClassDef) and any(ast.unparse(base).startswith("Protocol") for base in node.bases)


def test_file_has_a_specific_name():
    assert [module.name for module in CODE if VAGUE.intersection(module.name.split("."))] == []


def test_files_are_small():
    lengths = {module.name: len(module.text.splitlines()) for module in CODE}
    assert {name: lines for name, lines in lengths.items() if lines > LINES} == {}


def test_test_names_have_at_most_70_characters():
    tests = [
        (node.name, module.at(node.lineno))
        for module in modules("tests")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert len(tests) > 1000
    assert [f"{place} {name}" for name, place in tests if len(name) > TEST_NAME_MAX] == []


def test_no_definition_is_unused():
    """Uses in tests don't count: a definition that only tests use is unnecessary."""
    used = Counter(name for module in CODE for name in _used(module.tree))
    unused = [
        f"{module.at(line)} {name}"
        for module in modules("functions", "shared")
        for name, line in _written(module.tree)
        # Lambda calls the handlers.
        if not used[name] and name != "__all__" and not (module.name.startswith("functions.") and name == "handler")
    ]
    assert unused == []


def _written(tree):
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name, node.lineno


def _used(tree):
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
                yield name
