"""The recording that docs/scale.md is based on is up to date."""

import json

import pytest

from infra.tools.scale.operations import RECORDED, parts, recorded
from tests.aws.item_size import item_bytes
from tests.scale.recording import record


def test_recorded_calls_are_up_to_date():
    """If it fails: run `python -m tests.scale`, then `make scale`, and review docs/scale.md."""
    assert record() == json.loads(RECORDED.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("attribute", "size"),
    [
        ({"S": "héllo"}, 6),
        ({"N": "7"}, 2),
        ({"N": "-1234"}, 3),
        ({"N": "1801396800"}, 5),
        ({"BOOL": True}, 1),
        ({"L": [{"S": "ab"}, {"S": "c"}]}, 3 + 3 + 2),
    ],
)
def test_items_are_counted_as_dynamodb_counts_them(attribute, size):
    assert item_bytes({"name": attribute}) == len("name") + size


def test_transactions_count_twice_and_the_index_once():
    change = next(call for call in recorded()["UpdateClientToken"] if call.name == "TransactWriteItems")
    assert [(part.partition, part.writes, part.index_writes) for part in change.parts] == [
        ("TOKEN", 2, 0),
        ("AUDIT", 2, 1),
    ]


def test_message_costs_five_write_units_two_to_move_and_two_for_a_budget():
    def writes(operation):
        return sum(part.writes + part.index_writes for part in parts(recorded()[operation]))

    phases = "first message", "next message", "conversation moved", "usage recorded", "daily budget"
    assert [writes(f"Chat, {phase}") for phase in phases] == [7, 5, 7, 6, 7]
    for phase in phases:
        assert sum(part.reads for part in parts(recorded()[f"Chat, {phase}"])) <= 4 + (phase == "daily budget")
    # A config would be half a unit more.
    assert sum(part.reads for part in parts(recorded()["InitSession"])) == 2
    assert writes("InitSession") == 2
