"""A slice of a long query: the right items, without expired ones, in few and small pages."""

import itertools
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidRequest
from shared.store import pagination, table
from tests.aws.network import NETWORK

AT = datetime(2027, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC)
NOW = int(AT.timestamp())
CURRENT, ENDLESS, EXPIRED = NOW + 1, None, NOW
_partitions = (f"SLICED#{number}" for number in itertools.count(1))


def partition_of(expiries):
    pk = next(_partitions)
    for place, expires_at in enumerate(expiries):
        table.put({"pk": pk, "sk": f"{place:04}", "place": place, "expires_at": expires_at})
    return pk


def read(pk, offset, limit, **options):
    items, has_more = pagination.read("pk = :pk", {":pk": pk}, offset, limit, at=AT, **options)
    return [item["place"] for item in items], has_more


@given(
    st.lists(st.sampled_from([CURRENT, ENDLESS, EXPIRED, NOW - 1]), max_size=25), st.integers(0, 25), st.integers(1, 8)
)
def test_slice_skips_expired_entries(expiries, offset, limit):
    pk = partition_of(expiries)
    shown = [place for place, expires_at in enumerate(expiries) if expires_at in (CURRENT, ENDLESS)]
    assert read(pk, offset, limit) == (shown[offset : offset + limit], len(shown) > offset + limit)


def test_paging_yields_each_item_once():
    pk = partition_of([EXPIRED if place % 3 else CURRENT for place in range(60)])
    pages = [read(pk, offset, 7) for offset in range(0, 28, 7)]
    assert [place for page, _ in pages for place in page] == list(range(0, 60, 3))
    assert [has_more for _, has_more in pages] == [True, True, False, False]


@pytest.mark.parametrize(
    ("expiries", "offset", "limit", "calls", "items"),
    [
        # Nothing has expired: one page to count the items before the slice, and one with the slice.
        ([CURRENT] * 300, 0, 5, 1, 6),
        ([CURRENT] * 300, 20, 5, 2, 26),
        # Many have expired: pages grow, so that few are needed.
        ([EXPIRED] * 290 + [CURRENT] * 10, 0, 5, 4, 510),
        ([CURRENT] * 10 + [EXPIRED] * 290, 8, 5, 5, 510),
    ],
)
def test_queries_read_as_little_as_possible(expiries, offset, limit, calls, items):
    pk = partition_of(expiries)
    limits = []
    with NETWORK.hooked(lambda request: limits.append(request.parameters["Limit"])):
        read(pk, offset, limit)
    assert len(limits) <= calls
    assert sum(limits) <= items


def test_offset_beyond_a_bounded_number_of_pages_is_refused(monkeypatch):
    monkeypatch.setattr(pagination, "_PAGES_MAX", 3)
    monkeypatch.setattr(pagination, "_ITEMS_MAX", 2)
    pk = partition_of([CURRENT] * 20)
    assert read(pk, 4, 1) == ([4], True)
    with pytest.raises(InvalidRequest, match="offset is too large"):
        read(pk, 10, 1)
