"""The tables of docs/origins.md: every entry can be listed, and warns as the page says."""

import re

import pytest

from shared.public_suffixes import is_public_suffix
from shared.rules import origin
from tests.docs import pages

PAGE = "docs/origins.md"


def rows(text):
    """The cells of each row of the first table."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def entries(cell):
    return [entry.replace("<id>", "abcdefghijklmnop") for entry in re.findall(r"`([^`]+)`", cell)]


LISTED = [
    (entry, warning) for listed, _, warning in rows(pages.read(PAGE).partition("\n## ")[0]) for entry in entries(listed)
]
PREVIEWS = [
    (entry, owner) for _, listed, owner in rows(pages.section(PAGE, "Preview deployments")) for entry in entries(listed)
]
SHELLS = [entry for _, sent in rows(pages.section(PAGE, "Apps and extensions")) for entry in entries(sent)]


def warnings(entry):
    normalized = origin.normalize(entry)
    return {one.type for one in origin.warnings([normalized], is_live=True, is_public_suffix=is_public_suffix)}


@pytest.mark.parametrize(("entry", "warning"), LISTED)
def test_each_entry_can_be_listed_and_warns_as_the_page_says(entry, warning):
    named = set(re.findall(r"`(\w+)`", warning))
    if "see below" in warning:
        assert warnings(entry) == set()
        assert warnings("https://*.vercel.app") == named
    elif "test tokens only" in warning:
        assert origin.needs_test_token(origin.normalize(entry))
    else:
        assert warnings(entry) == named


@pytest.mark.parametrize(("entry", "owner"), PREVIEWS)
def test_preview_pattern_warns_if_the_name_is_public(entry, owner):
    assert warnings(entry) == ({"public_suffix_wildcard"} if owner.startswith("anybody") else set())


@pytest.mark.parametrize("entry", SHELLS)
def test_origin_of_each_app_shell_can_be_listed(entry):
    assert origin.normalize(entry) == entry
