"""The numbers in docs/scale.md come from the command."""

import pytest

from infra.scale import report
from infra.scale.operations import recorded
from tests.house.code import ROOT

DOCUMENT = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")


def test_every_table_has_its_place():
    assert sorted(place[2] for place in report.PLACE.finditer(DOCUMENT)) == sorted(report.TABLES)


@pytest.mark.parametrize("name", ["limits", "operations", "ceilings", "listing"])
def test_a_table_is_what_the_command_writes(name):
    """The others take seconds to simulate, and depend on nothing that these do not show."""
    (place,) = (place[0] for place in report.PLACE.finditer(DOCUMENT) if place[2] == name)
    assert report.fill(place, recorded()) == place
