"""The console's snippets are those of docs/embedding.md, with the deployment's own address and the token's value."""

import re

import pytest

from infra.local.template import ROOT
from tests.docs import pages

SNIPPETS = (ROOT / "functions/pages/console_files/snippets.js").read_text(encoding="utf-8")
SECTIONS = {
    "scriptTag": ("Script tag", "html"),
    "moduleCode": ("Module", "js"),
    "reactCode": ("React", "jsx"),
    "fetchCode": ("Your own interface, with fetch", "js"),
}


@pytest.mark.parametrize("name", SECTIONS)
def test_snippet_of_the_console_is_the_documented_one(name):
    section, language = SECTIONS[name]
    (documented, *_) = pages.blocks(pages.section("docs/embedding.md", section), language)
    (shown,) = re.findall(rf"^const {name} = \(value\) => `\n(.*?)^`;$", SNIPPETS, re.MULTILINE | re.DOTALL)
    (widget,) = re.findall(r'^const WIDGET = "(.*)";$', SNIPPETS, re.MULTILINE)
    shown = re.sub("^  ", "", shown, flags=re.MULTILINE).replace("\\`", "`").replace("\\\\n", "\\n")
    filled = {
        "${API}": "https://abc123.execute-api.us-east-1.amazonaws.com/api",
        "${value}": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9...",
        "${WIDGET}": widget,
    }
    for place, text in filled.items():
        shown = shown.replace(place, text)
    assert shown == documented
