"""The Markdown pages of the repository, and their code blocks."""

import re

from infra.local.template import ROOT

PAGES = sorted(
    str(page.relative_to(ROOT)) for place in ("*.md", "docs/**/*.md", ".github/**/*.md") for page in ROOT.glob(place)
)
_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE
)


def read(page):
    return (ROOT / page).read_text(encoding="utf-8")


def section(page, heading):
    """The text under a heading of the second level."""
    _, found, rest = read(page).partition(f"\n## {heading}\n")
    assert found, f"{page} has no section {heading}"
    return rest.partition("\n## ")[0]


def blocks(text, language):
    """The code of each fenced block in this language, without the indentation of the list it is in."""
    return [
        re.sub(f"^{found['indent']}", "", found["code"], flags=re.MULTILINE)
        for found in _FENCE.finditer(text)
        if found["language"] == language
    ]


def without_code(text):
    return _FENCE.sub("", text)
