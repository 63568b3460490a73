"""Law 1: imports go one way. Law 3: a package is only a folder, so that a function loads only what it uses."""

import ast
import sys

from shared.rules.target import KINDS
from tests.house.code import ROOT, modules

GROUND = {"aws", "errors", "http", "log", "gc_control", "runtime"}
MIDDLE = {
    "admission",
    "management_admission",
    "console_files",
    "credentials",
    "gateway",
    "issuance",
    "permitted_targets",
    "public_suffixes",
    "replies",
    "reveals",
    "signer",
    "store",
    "subscription",
    "targets",
    "token_review",
    "wire",
}
# Room -> the rooms that it may import besides itself.
MAY_IMPORT = {
    "functions": MIDDLE | GROUND | {"rules"},
    **{room: GROUND | {"rules"} for room in MIDDLE},
    "admission": GROUND | {"rules", "store"},
    "management_admission": GROUND | {"rules", "store"},
    "replies": GROUND | {"admission", "rules", "store", "targets"},
    "issuance": GROUND | {"reveals", "rules", "signer", "store"},
    "reveals": GROUND | {"rules", "signer", "store"},
    "token_review": GROUND | {"public_suffixes", "rules", "store"},
    "rules": {"errors"},
    **{room: set() for room in GROUND},
    "aws": {"http"},
    "log": {"gc_control"},
}
# Within shared/gateway: module -> the modules that it may import.
GATEWAY = {
    "headers": set(),
    "client_address": set(),
    "authorizer": set(),
    "request": {"client_address", "headers"},
    "response": {"headers"},
    "exchange": {"request"},
    "history": {"headers", "request"},
    "frame": {"exchange", "history", "request", "response"},
    "pages": {"exchange", "headers", "request", "response"},
    "streaming": {"exchange", "headers", "request", "response"},
}
OURS = ("functions.", "shared.", "infra.", "tests.")


def _room(name):
    return name.split(".")[1 if name.startswith("shared.") else 0]


def test_every_module_is_in_a_known_room():
    rooms = {module.name: _room(module.name) for module in modules("functions", "shared")}
    assert {name for name, room in rooms.items() if room not in MAY_IMPORT} == set()


def test_imports_go_one_way():
    wrong = [
        f"{module.at(line)} {module.name} imports {name}"
        for module in modules("functions", "shared")
        for name, line in module.imports()
        if name.startswith(OURS) and _room(name) not in MAY_IMPORT.get(_room(module.name), set()) | {_room(module.name)}
    ]
    assert wrong == []


def test_imports_go_one_way_within_the_gateway():
    found = {
        module.name.rpartition(".")[2]: {
            name.split(".")[2] for name, _ in module.imports() if name.startswith("shared.gateway.")
        }
        for module in modules("shared/gateway")
    }
    assert found == GATEWAY


def test_handlers_do_not_import_each_other():
    wrong = [
        f"{module.at(line)} imports {name}"
        for module in modules("functions")
        for name, line in module.imports()
        if name.split(".")[0] in {"functions", "management", "browser"}
    ]
    assert wrong == []


def test_rules_and_errors_import_only_the_standard_library():
    pure = [module for module in modules("shared") if _room(module.name) in {"rules", "errors"}]
    wrong = [
        f"{module.at(line)} imports {name}"
        for module in pure
        for name, line in module.imports()
        if not name.startswith("shared.") and name.split(".")[0] not in sys.stdlib_module_names
    ]
    assert wrong == []


def test_tests_of_the_rules_import_nothing_slow():
    """They need no I/O and no models, so they run in two seconds."""
    fast = sys.stdlib_module_names | {"ada_url", "hypothesis", "pytest"}
    wrong = [
        f"{module.at(line)} imports {name}"
        for module in modules("tests/rules")
        for name, line in module.imports()
        if name.split(".")[0] not in fast and not name.startswith(("shared.errors", "shared.rules.", "tests.rules."))
    ]
    assert wrong == []


def test_nothing_is_imported_dynamically():
    wrong = [
        f"{module.at(line)} {word}"
        for module in modules("functions", "shared")
        for word, line in module.names()
        if word in {"__import__", "import_module", "importlib", "exec", "eval"}
        # A dynamic import of a room's module may load any of them, so it counts as all of them. The runtime
        # client imports the handler that Lambda names.
        and line not in {line for _, line in module.rooms_imported_by_name()}
        and module.name != "shared.runtime.__main__"
    ]
    assert wrong == []


def test_each_kind_of_target_is_one_file():
    files = {module.name.rpartition(".")[2] for module in modules("shared/targets")}
    assert files == {"answering", "openai_tools", "refusals", "system_prompt", "tools", *KINDS}


def test_every_package_file_is_empty():
    assert [path for path in ROOT.glob("[fis]*/**/__init__.py") if path.stat().st_size] == []


def test_every_table_read_passes_its_time():
    """Expired items must not be used. `at=None` reads items that never expire, or deliberately all of them."""
    reads = {"table.get", "table.read", "table.query", "table.query_page", "pagination.read"}
    calls = [
        (module, node)
        for module in modules("functions", "shared", "infra")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in reads
    ]
    assert len(calls) > 10
    silent = [module.at(node.lineno) for module, node in calls if not {None, "at"} & {one.arg for one in node.keywords}]
    assert silent == []
