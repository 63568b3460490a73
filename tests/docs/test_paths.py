"""Files and folders that pages name exist."""

import re

import pytest

from infra.local.template import ROOT
from tests.docs import pages

PATH = re.compile(r"`((?:docs|functions|infra|shared|tests)/[\w./-]*)(?:::\w+)?`")
# An example in CONTRIBUTING.md.
NOT_HERE = {"functions/management/pause_client_token.py"}


# The changelog describes the past, and the benchmarks name the files that were measured.
DATED = {"CHANGELOG.md", "docs/benchmarks.md"}


@pytest.mark.parametrize("page", sorted({*pages.PAGES} - DATED))
def test_every_path_that_a_page_names_exists(page):
    named = set(PATH.findall(pages.read(page))) - NOT_HERE
    assert sorted(path for path in named if not (ROOT / path).exists()) == []
