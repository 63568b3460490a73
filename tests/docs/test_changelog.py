"""The changelog has releases, the newest first, and the version of the code is not older."""

import re
import tomllib

from infra.local.template import ROOT

CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_releases_have_dates_and_the_newest_comes_first():
    unreleased, *releases = re.findall(r"^## (.+)$", CHANGELOG, re.MULTILINE)
    assert unreleased == "Unreleased"
    found = [re.fullmatch(r"(\d+)\.(\d+)\.(\d+) - (\d{4}-\d{2}-\d{2})", release).groups() for release in releases]
    order = [([int(number) for number in numbers], date) for *numbers, date in found]
    assert order
    assert order == sorted(order, reverse=True)


def test_changes_are_of_known_kinds():
    assert set(re.findall(r"^### (.+)$", CHANGELOG, re.MULTILINE)) <= KINDS


def test_version_is_that_of_the_newest_release_or_of_the_next():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    newest = re.search(r"^## (\d+\.\d+\.\d+) - ", CHANGELOG, re.MULTILINE)[1]
    has_changes = "\n- " in CHANGELOG.partition("## Unreleased\n")[2].partition("\n## ")[0]
    assert version == newest if not has_changes else version.endswith(".dev0") and version > newest
