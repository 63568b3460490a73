"""What an audit record says about a change, and what it never contains."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.rules import audit
from shared.rules.client_token import PreviousValue
from tests.rules.samples import AT, token

TOKEN = token()


def changed(**settings):
    return audit.changes(TOKEN, replace(TOKEN, settings=replace(TOKEN.settings, **settings)))


def test_only_fields_that_differ_as_json_are_recorded():
    assert changed() == {}
    assert changed(name="Tea", flow_ids=(), expires_at=None) == {
        "name": ("Shop", "Tea"),
        "flow_ids": (["flow_1", "flow_2"], []),
        "expires_at": ("2027-01-31T00:00:00.000Z", None),
    }


def test_config_is_named_without_its_content():
    assert changed(config={"theme": "secret"}) == {"config": None}


def test_new_token_is_recorded_without_defaults():
    new = audit.changes(None, replace(TOKEN, settings=replace(TOKEN.settings, config={}, pin_to_version="latest")))
    assert new["name"] == (None, "Shop")
    assert new["environment"] == (None, "test")
    assert {"config", "pin_to_version"}.isdisjoint(new)


def test_new_value_is_recorded_only_by_the_expiry_of_old_ones():
    previous = PreviousValue(digest="d", jti="j", valid_until=AT + timedelta(hours=1))
    issued_value = replace(TOKEN.issued_value, digest="other", key_arn="other", prefix="other", hint="other")
    assert audit.changes(TOKEN, replace(TOKEN, issued_value=issued_value, previous_values=(previous,), revision=7)) == {
        "previous_values_expire_at": ([], ["2026-11-24T04:25:36.123Z"])
    }


FLOWS = tuple(f"flow_{number:03}" for number in range(100))


def test_long_list_is_recorded_as_added_and_removed():
    before = replace(TOKEN, settings=replace(TOKEN.settings, flow_ids=FLOWS[:60]))
    after = replace(TOKEN, settings=replace(TOKEN.settings, flow_ids=(*FLOWS[1:60], "flow_new")))
    assert audit.changes(before, after) == {"flow_ids": {"added": ["flow_new"], "removed": ["flow_000"]}}


def test_added_entries_are_truncated_to_twenty_and_a_count():
    assert changed(flow_ids=FLOWS) == {
        "flow_ids": {"added": list(FLOWS[:20]), "more_added": 80, "removed": ["flow_1", "flow_2"]}
    }
    new = audit.changes(None, replace(TOKEN, settings=replace(TOKEN.settings, flow_ids=FLOWS)))
    assert new["flow_ids"] == {"added": list(FLOWS[:20]), "more_added": 80}


def test_entries_are_quoted_up_to_640_bytes_of_json():
    five = tuple(f"{number:0124}" for number in range(5))
    assert changed(flow_ids=five)["flow_ids"] == (["flow_1", "flow_2"], list(five))
    longer = (*five[:4], five[4] + "x")
    assert changed(flow_ids=longer)["flow_ids"] == {
        "added": list(five[:4]), "more_added": 1, "removed": ["flow_1", "flow_2"],
    }  # fmt: skip


def test_reordered_long_list_is_recorded_as_such():
    before = replace(TOKEN, settings=replace(TOKEN.settings, flow_ids=FLOWS))
    after = replace(TOKEN, settings=replace(TOKEN.settings, flow_ids=FLOWS[::-1]))
    assert audit.changes(before, after) == {"flow_ids": {"reordered": True}}


def test_long_text_is_cut_and_its_size_given():
    ((_, name),) = changed(name="x" * 255).values()
    assert name.startswith("xxx")
    assert name.endswith("... (255 bytes)")


def test_config_values_that_are_equal_in_python_are_a_change():
    before = replace(TOKEN, settings=replace(TOKEN.settings, config={"on": 1}))
    after = replace(TOKEN, settings=replace(TOKEN.settings, config={"on": True}))
    assert audit.changes(before, after) == {"config": None}


@pytest.mark.parametrize("character", ["a", "é", "🍵", '"', "\n"])
def test_long_text_is_truncated_to_the_most_bytes_and_its_size(character):
    size = len(json.dumps(character, ensure_ascii=False).encode()) - 2
    whole = character * ((audit._TEXT_BYTES_MAX - 2) // size)
    assert changed(name=whole)["name"][1] == whole
    longer = whole + character
    quoted = changed(name=longer)["name"][1]
    kept, dots, rest = quoted.partition("... (")
    assert longer.startswith(kept)
    assert (dots, rest) == ("... (", f"{len(longer.encode())} bytes)")
    assert audit._TEXT_BYTES_MAX - size < len(json.dumps(quoted, ensure_ascii=False).encode()) <= audit._TEXT_BYTES_MAX
