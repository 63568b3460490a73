"""The tables in docs/scale.md come from the command, and its copied bounds from the code."""

import json

import pytest

from infra.tools.scale import ceilings, listing, report
from infra.tools.scale.operations import RECORDED, recorded
from shared.targets import system_prompt
from shared.wire import token_settings
from tests.house.code import ROOT

DOCUMENT = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")


def test_every_table_has_a_placeholder_in_the_document():
    assert sorted(place[2] for place in report.PLACE.finditer(DOCUMENT)) == sorted(report.TABLES)


@pytest.mark.parametrize("name", report.TABLES)
def test_tables_in_the_document_are_up_to_date(name):
    (place,) = (place[0] for place in report.PLACE.finditer(DOCUMENT) if place[2] == name)
    assert report.fill(place, recorded()) == place


def test_bounds_match_the_code():
    """Copied, because `make scale` runs on bare Python."""
    assert listing.CONFIG_BYTES == token_settings.CONFIG_BYTES_MAX
    assert ceilings._PROMPT_BYTES == system_prompt._BYTES_MAX


def test_size_of_a_budget_matches_the_recording():
    """Recorded with short numbers. Each of two numbers may take a few bytes more."""
    calls = json.loads(RECORDED.read_text(encoding="utf-8"))["Chat, daily budget"]
    items = [item for call in calls for item in call.get("items", ()) if item["key"] == "BUDGET/DAY"]
    _read, reserving, settling = items
    assert 0 <= ceilings._BUDGET_BYTES - settling["after"] < 8
    assert 0 <= ceilings._RESERVATION_BYTES - (reserving["after"] - settling["after"]) < 8


def test_each_partition_of_a_message_has_a_ceiling():
    """Otherwise a hot key is missing in the table."""
    named = " ".join(ceiling.what for ceiling in ceilings.of_messages(recorded()))
    touched = {part.partition for call in recorded()["Chat, daily budget"] for part in call.parts}
    assert {one for one in touched if f"{one}#" not in named} == {"CONVERSATION"}
