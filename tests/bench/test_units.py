"""What DynamoDB charges for, by the rules of its developer guide."""

import math

import pytest

from infra.tools.bench import units
from infra.tools.bench.units import Change


def item(octets, **attributes):
    """An item of this many bytes, including its keys and attributes."""
    made = {"pk": {"S": "p"}, "sk": {"S": "s"}} | {name: {"S": value} for name, value in attributes.items()}
    return made | {"f": {"S": "x" * (octets - units.size(made) - 1)}}


def test_item_size_counts_names_and_values():
    whole = {"é": {"S": "é"}, "n": {"N": "-123"}, "b": {"BOOL": True}, "l": {"L": [{"S": "ab"}, {"N": "1"}]}}
    assert units.size(whole) == (2 + 2) + (1 + 3) + (1 + 1) + (1 + 3 + (1 + 2) + (1 + 2))
    assert units.size(None) == 0


@pytest.mark.parametrize(
    ("before", "after", "once"),
    [
        (None, item(1024), 1),
        (None, item(1025), 2),
        (item(3000), item(100), 3),
        (item(2048), None, 2),
        (None, None, 1),
    ],
)
def test_write_units_follow_the_larger_item_and_double_in_transactions(before, after, once):
    change = Change(before, after)
    assert units.write_units("PutItem", change) == once
    assert units.write_units("TransactWriteItems", change) == 2 * once


LISTED = {"listing_pk": "T", "listing_sk": "1"}


@pytest.mark.parametrize(
    ("before", "after", "index"),
    [
        (None, item(500, **LISTED), 1),
        (item(500, **LISTED), item(600, **LISTED), 0),
        (item(500, **LISTED), item(500, flow_id="f", **LISTED), 1),
        (item(500, **LISTED), item(500, **LISTED), 0),
        (item(500, **LISTED), item(500, listing_pk="T", listing_sk="2"), 2),
        (item(500, **LISTED), None, 1),
        (None, item(3000, **LISTED), 1),
        (None, item(2000, changes="x" * 1024, **LISTED), 2),
    ],
)
def test_index_write_is_charged_only_if_its_entry_changes(before, after, index):
    largest = max(units.size(before), units.size(after))
    assert units.write_units("PutItem", Change(before, after)) == math.ceil(largest / 1024) + index


def test_consistent_read_costs_one_unit_per_4_kb_others_half():
    assert units.read_units("GetItem", {"ConsistentRead": True}, {"Item": item(4097)}) == 2
    assert units.read_units("GetItem", {}, {}) == 0.5
    asked = {"RequestItems": {"t": {"Keys": [{}, {}, {}], "ConsistentRead": True}}}
    assert units.read_units("BatchGetItem", asked, {"Responses": {"t": [item(100), item(5000)]}}) == 1 + 2 + 1
    assert units.read_units("Query", {}, {"Items": [item(3000)] * 3}) == 1.5
    assert units.read_units("PutItem", {}, {}) == 0


def test_every_write_names_its_keys():
    key = {"pk": {"S": "p"}, "sk": {"S": "s"}}
    expected = ("p", "s")
    assert units.written("PutItem", {"Item": item(100)}) == [expected]
    assert units.written("DeleteItem", {"Key": key}) == [expected]
    parts = [{"Put": {"Item": item(100)}}, {"Update": {"Key": key}}]
    assert units.written("TransactWriteItems", {"TransactItems": parts}) == [expected] * 2
    assert units.written("BatchWriteItem", {"RequestItems": {"t": [{"PutRequest": {"Item": item(100)}}]}}) == [expected]
    assert units.written("Query", {}) == []
