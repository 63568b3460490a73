"""Pages are readable in a terminal and in a diff."""

import pytest

from tests.docs import pages

COLUMNS = 100
README_LINES = 200


def _is_prose(line):
    """Whether it is no table row, no picture, and no link too long to break."""
    return not line.lstrip().startswith(("|", "![")) and " " in line.strip().rstrip(")")


@pytest.mark.parametrize("page", sorted(pages.PAGES))
def test_no_line_of_prose_is_over_100_columns(page):
    lines = pages.without_code(pages.read(page)).splitlines()
    assert [line for line in lines if len(line) > COLUMNS and _is_prose(line)] == []


@pytest.mark.parametrize("page", sorted(pages.PAGES))
def test_every_code_block_names_its_language(page):
    fences = [line.strip() for line in pages.read(page).splitlines() if line.lstrip().startswith("```")]
    assert "```" not in fences[::2]


def test_readme_is_at_most_200_lines():
    assert len(pages.read("README.md").splitlines()) <= README_LINES
