"""Every decision has a date, the same four sections, and a line in the index."""

import re

import pytest

from infra.local.template import ROOT

FOLDER = ROOT / "docs/decisions"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_decision_has_date_and_sections(path):
    title, date, *_ = path.read_text(encoding="utf-8").split("\n\n")
    assert title.startswith("# ")
    assert path.name.startswith(f"{date}-")
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", date)
    sections = re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert sections == ["Context", "Decision", "Alternatives", "Consequences"]


def test_index_lists_every_decision_by_its_title():
    listed = re.findall(
        r"^\| (\S+) \| \[(.+)\]\((\S+)\) \|$", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    titles = [path.read_text(encoding="utf-8").split("\n")[0].removeprefix("# ") for path in PAGES]
    assert sorted((title, name) for _, title, name in listed) == sorted(
        zip(titles, (path.name for path in PAGES), strict=True)
    )
    assert all(name.startswith(date) for date, _, name in listed)
