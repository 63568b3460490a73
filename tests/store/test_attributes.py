"""Plain values as DynamoDB attributes, and their size by DynamoDB's rules."""

from hypothesis import given
from hypothesis import strategies as st

from shared.store.attributes import deserialize, serialize, size
from tests.aws.item_size import item_bytes

VALUES = st.recursive(st.text() | st.booleans() | st.integers(-(10**15), 10**15), st.lists, max_leaves=10)
ITEMS = st.dictionaries(st.text(min_size=1), VALUES)


@given(ITEMS)
def test_values_round_trip(item):
    assert deserialize(serialize(item)) == item


@given(ITEMS)
def test_size_matches_the_cost_report(item):
    assert size(item) == item_bytes(serialize(item))
