"""Relative links in the pages resolve."""

import re
from urllib.parse import unquote

import pytest

from infra.local.template import ROOT
from tests.docs import pages


def _links(page):
    """Each relative target, and its anchor."""
    text = re.sub(r"`[^`\n]*`", "", pages.without_code(pages.read(page)))
    targets = re.findall(r"\]\(<?([^)\s>]+)>?\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    for target in targets:
        if not re.match(r"[a-z][a-z0-9+.-]*:", target):
            path, _, anchor = target.partition("#")
            yield path, unquote(anchor)


def _anchors(text):
    """The anchors that GitHub generates: repeated headings are numbered."""
    found = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", pages.without_code(text), re.MULTILINE):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        number, unique = 0, slug
        while unique in found:
            number += 1
            unique = f"{slug}-{number}"
        found.add(unique)
    return found


@pytest.mark.parametrize("page", pages.PAGES)
def test_every_relative_link_resolves(page):
    broken = []
    for path, anchor in _links(page):
        target = ((ROOT / page).parent / unquote(path)).resolve() if path else ROOT / page
        if not (target.is_relative_to(ROOT) and target.exists()):
            broken.append(path)
        elif anchor and target.suffix == ".md" and anchor not in _anchors(target.read_text(encoding="utf-8")):
            broken.append(f"{path}#{anchor}")
    assert broken == []


def test_links_and_anchors_are_found():
    assert len({page for page in pages.PAGES if list(_links(page))}) > 3
    assert _anchors("# A `b` & c\n\n## A [d](e.md)!\n\n## A d\n") == {"a-b--c", "a-d", "a-d-1"}
