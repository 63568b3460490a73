"""The console's files: what the page loads, what they consist of, and whose they are."""

import json
import re
from collections import Counter
from hashlib import sha256

import pytest

from functions.pages import console_page
from infra.local.template import ROOT
from shared import console_files
from tests.aws.in_memory import STACK

FOLDER = ROOT / "functions/pages/console_files"
MODULES = sorted(FOLDER.glob("*.js"))
PACKAGES = json.loads((FOLDER / "vendor/pinned.json").read_text(encoding="utf-8"))
# In a module of ours. Only elements.js imports packages.
OWN_IMPORT = r'import \{[^}]*\} from "\./\w+\.js";'
EXPORT = r"export (?:async )?(?:function|const|class) |export \{[\w, ]+\};"
# What would run text as code, keep what a tab knows, or show text as HTML.
FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|\beval\(|new Function|"
    r"localStorage|sessionStorage|indexedDB|document\.cookie|history\.(push|replace)State|\bstyle=|javascript:"
)


def get(file=None):
    path = f"/console/{file}" if file else "/console"
    event = {
        "path": path,
        "pathParameters": {"file": file} if file else None,
        "requestContext": {"extendedRequestId": "r"},
    }
    return console_page.handler(event, None)


@pytest.fixture(scope="module")
def page():
    return get()["body"]


@pytest.fixture(scope="module")
def app(page):
    (name,) = re.findall(r'src="console/(app\.[^"]+)"', page)
    return get(name)["body"]


def test_console_exists_only_by_parameter():
    assert "ConsolePage" not in STACK.functions


def test_page_loads_every_file_under_a_name_of_its_content(page):
    loaded = re.findall(r'(?:src|href)="console/([^"]+)"', page)
    assert len(loaded) == len(set(loaded)) == 8
    for name in loaded:
        answer = get(name)
        fingerprint = sha256(answer["body"].encode()).hexdigest()[:16]
        assert (answer["statusCode"], name.split(".")[1]) == (200, fingerprint)


def test_scripts_import_files_that_are_served(app):
    imported = re.findall(r'from "\./([^"]+)"', app)
    assert len(imported) == 3
    assert {get(name)["statusCode"] for name in imported} == {200}


def test_page_has_no_inline_script_or_style(page):
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", page) == []


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_module_can_be_joined_with_the_others(module):
    text = module.read_text(encoding="utf-8")
    statements = re.findall(r"^(?:import|export)\b[^;(]*[;(]?", text, re.MULTILINE)
    strange = [one for one in statements if not re.match(rf"{OWN_IMPORT}|{EXPORT}", one)]
    assert module.name == "elements.js" or strange == []
    assert FORBIDDEN.search(text) is None


def test_names_mean_the_same_in_all_modules(app):
    """They are one module in the browser."""
    declared = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", app, re.MULTILINE)
    assert [name for name, count in Counter(declared).items() if count > 1] == []


def test_modules_are_joined_after_those_that_they_import(tmp_path):
    files = dict.fromkeys((*console_files._FILES.values(), *console_files._STYLES, "index.html"), "")
    files |= {
        "a.js": 'import { b, c } from "./b.js";\nexport const a = b + c;\n',
        "b.js": "export const b = 1;\nexport function c() {}\n",
        "index.html": '<script src="console/app.js">',
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    served = console_files.read(tmp_path)
    (name,) = re.findall(r"console/([^\"]+)", served["index.html"])
    assert served[name] == "const b = 1;\nfunction c() {}\n\nconst a = b + c;\n"


def test_other_peoples_code_is_what_is_pinned_and_licensed():
    licenses = (FOLDER / "vendor/licenses.txt").read_text(encoding="utf-8")
    pinned = {name: file["sha256"] for package in PACKAGES for name, file in package["files"].items()}
    found = {path.name: sha256(path.read_bytes()).hexdigest() for path in (FOLDER / "vendor").iterdir()}
    assert found.items() >= pinned.items()
    assert found.keys() == pinned.keys() | {"licenses.txt", "pinned.json"}
    for package in PACKAGES:
        assert re.search(rf"^==== .*{package['version']} ====$", licenses, re.MULTILINE)
