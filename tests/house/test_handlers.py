"""Law 5: handlers are one screen, read top to bottom, and named by their operation. Law 7: there is one way to fail."""

import ast
import re

import pytest

from shared.rules.principal import SCOPES
from tests.house.code import module, modules

HANDLERS = modules("functions")
LINES = 30


def _snake(logical_id):
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", logical_id).lower()


def _public(tree):
    return [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_"]


def test_template_functions_and_handlers_match(functions):
    handlers = {properties["Handler"] for properties in functions.values()}
    assert handlers == {f"{handler.name.removeprefix('functions.')}.handler" for handler in HANDLERS}


def test_function_and_handler_have_the_same_name(functions):
    wrong = {
        name: props["Handler"] for name, props in functions.items() if props["Handler"].split(".")[1] != _snake(name)
    }
    assert wrong == {}


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: handler.name)
class TestEveryHandler:
    def test_is_one_screen(self, handler):
        assert len(handler.text.splitlines()) <= LINES, handler.at(LINES)

    def test_has_one_handler_and_nothing_else_to_call(self, handler):
        assert [node.name for node in _public(handler.tree)] == ["handler"]

    def test_states_its_plane_and_scope(self, handler):
        (decorator,) = _public(handler.tree)[0].decorator_list
        plane = handler.name.split(".")[1]
        match decorator:
            case ast.Call(func=ast.Name("management"), args=[ast.Constant(scope)]):
                assert plane == "management"
                assert scope in SCOPES, handler.at(decorator.lineno)
            case ast.Name("lambda_authorizer"):
                assert handler.name == "functions.management.authorize"
            case ast.Name("log_batches"):
                assert handler.name == "functions.events.tally"
            case ast.Call(func=ast.Name("browser" | "browser_stream"), args=[], keywords=[ast.keyword("body_max")]):
                assert plane == "browser"
            case ast.Call(func=ast.Name("history"), args=[], keywords=[]):
                assert plane == "browser"
            case ast.Name("page"):
                assert plane == "pages"
            case _:
                pytest.fail(f"{handler.at(decorator.lineno)} {ast.unparse(decorator)} is no decorator of a handler")

    def test_has_no_try_and_no_branch_on_status(self, handler):
        wrong = [node.lineno for node in ast.walk(handler.tree) if isinstance(node, ast.Try) or _asks_for_status(node)]
        assert wrong == [], handler.at(wrong[0])


def _asks_for_status(node):
    match node:
        case ast.If(test=asked) | ast.IfExp(test=asked) | ast.Match(subject=asked):
            return "status" in ast.unparse(asked)
    return False


def test_browser_handler_calls_admission_first():
    browser = [handler for handler in HANDLERS if handler.name.startswith("functions.browser.")]
    assert [handler.name for handler in browser if not _asks_admission_first(handler.tree)] == []


def _asks_admission_first(tree):
    """Whether the handler's first call into a room with I/O is one of `admission`."""
    rooms = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("shared"):
            rooms |= {alias.asname or alias.name: f"{node.module}.{alias.name}".split(".")[1] for alias in node.names}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    # An inner call happens and ends first.
    in_order = sorted(calls, key=lambda call: (call.end_lineno, call.end_col_offset))
    asked = [rooms.get(ast.unparse(call.func).split(".")[0]) for call in in_order]
    asked = [room for room in asked if room in {"admission", "replies", "store", "targets"}]
    return asked[:1] == ["admission"]


@pytest.mark.parametrize(
    ("body", "is_lawful"),
    [
        ("visit = admission.admit_message(request)\n    sessions.extend(visit)", True),
        ("sessions.extend(admission.admit_message(request))", True),
        ("admission.admit_message(sessions.get(request))", False),
        ("sessions.extend(request)\n    admission.admit_message(request)", False),
        ("return sessions.get(request.body)", False),
        ("return Response.ok(request.body)", False),
    ],
)
def test_admission_law_distinguishes_good_and_bad_handlers(body, is_lawful):
    imports = (
        "from shared import admission\nfrom shared.gateway.frame import Response\nfrom shared.store import sessions\n"
    )
    assert _asks_admission_first(ast.parse(f"{imports}def handler(request):\n    {body}")) is is_lawful


def test_only_the_gateway_turns_errors_into_responses():
    refusals = {node.name for node in module("shared.errors").tree.body if isinstance(node, ast.ClassDef)}
    wrong = [
        f"{one.at(node.lineno)} catches {ast.unparse(node.type) if node.type else 'everything'}"
        for one in modules("functions", "shared")
        for node in ast.walk(one.tree)
        if isinstance(node, ast.ExceptHandler)
        and one.name not in {"shared.gateway.frame", "shared.gateway.authorizer", "shared.gateway.streaming"}
        # Errors are what these answer.
        and one.name not in {"shared.admission.explanation", "shared.wire.explanation"}
        and not _passes_on(node)
        if node.type is None or not refusals.isdisjoint(re.findall(r"\w+", ast.unparse(node.type)))
    ]
    assert wrong == []


def _passes_on(handler):
    """Whether it only records the error and raises it again."""
    match handler.body[-1]:
        case ast.Raise(exc=None):
            return True
    return False
