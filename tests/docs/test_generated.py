"""Generated pages are up to date and complete."""

import pytest

from infra.local import template
from infra.local.template import ROOT
from infra.tools.docs.pages import PAGES


@pytest.mark.parametrize("path", PAGES)
def test_page_is_up_to_date(path):
    is_fresh = (ROOT / path).read_text(encoding="utf-8") == PAGES[path]()
    assert is_fresh, f"{path} is stale: run make docs."


def test_configuration_has_a_row_for_every_parameter():
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    rows = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted(template.read()["Parameters"])


def test_configuration_names_every_rule():
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    for rule in template.read()["Rules"].values():
        for assertion in rule["Assertions"]:
            assert assertion["AssertDescription"] in " ".join(page.replace("`", "").split())
