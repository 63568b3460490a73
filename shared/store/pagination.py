"""Pages of a query: by offset, which DynamoDB does not support, and of one call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.errors import InvalidRequest
from shared.store import table
from shared.store.attributes import deserialize, serialize
from shared.store.table import Item, Key

# Each is up to 1 MB. A function has no time for more.
_PAGES_MAX = 250
# A filter may drop most of a page. The next page then reads this many times as many items.
_GROWTH = 4
# No page holds more, at 1 MB.
_ITEMS_MAX = 100_000


def read(
    condition: str,
    values: Mapping[str, Any],
    offset: int,
    limit: int,
    *,
    at: datetime | None,
    start: Key | None = None,
    **options: Any,
) -> tuple[list[Item], bool]:
    """`limit` items after the first `offset`, and whether more follow, of those that have not expired by `at`.

    `start`: a key that all of them follow. It need not exist.

    Raises InvalidRequest if they are too far away. The items before them are counted but not returned: they cost
    read units, not transfer. A page looks at no more items than are wanted, unless a filter has left some out.
    """
    pages = _Pages(condition, values, at, start, options)
    while offset:
        counted = pages.next(offset, Select="COUNT")
        if counted["Count"] > offset:
            pages.back()
            break
        offset -= counted["Count"]
        if pages.is_over:
            return [], False
    found: list[Item] = []
    enough = offset + limit + 1
    while len(found) < enough:
        found += map(deserialize, pages.next(enough - len(found))["Items"])
        if pages.is_over:
            break
    return found[offset : offset + limit], len(found) > offset + limit


def read_once(
    condition: str, values: Mapping[str, Any], limit: int, *, at: datetime | None, sort_key: str, **options: Any
) -> tuple[list[Item], str | None]:
    """Items of one call, which looks at no more than `limit` and one, and the sort key with which the next page begins.

    A filter may leave fewer items, or none, although more follow. `sort_key`: the name of its attribute.
    """
    page = table.query_page(condition, values, at=at, Limit=limit + 1, **options)
    items = list(map(deserialize, page["Items"]))
    # A page of 1 MB ends before its limit.
    last = deserialize(page["LastEvaluatedKey"]) if "LastEvaluatedKey" in page else None
    following = last or (items[limit] if len(items) > limit else None)
    if following is None:
        return items, None
    return [one for one in items if one[sort_key] != following[sort_key]], following[sort_key]


class _Pages:
    """Yields pages of the size that is wanted or, once a filter left items out, several times as large."""

    def __init__(
        self, condition: str, values: Mapping[str, Any], at: datetime | None, start: Key | None, options: dict[str, Any]
    ) -> None:
        self._asked = {"condition": condition, "values": values, "at": at, **options}
        self._start: dict[str, Any] = (
            {"ExclusiveStartKey": serialize({"pk": start[0], "sk": start[1]})} if start else {}
        )
        self._before: dict[str, Any] = {}
        self._times = 1
        self._read = 0
        self.is_over = False

    def next(self, wanted: int, **options: Any) -> dict[str, Any]:
        """Raises InvalidRequest after too many."""
        if self._read == _PAGES_MAX:
            raise InvalidRequest(
                "The offset is too large.", code="too_far", hint="Use a smaller offset or remove the filter."
            )
        limit = min(wanted * self._times, _ITEMS_MAX)
        page = table.query_page(**self._asked, **options, **self._start, Limit=limit)
        self._read += 1
        self._before, self._start = self._start, {"ExclusiveStartKey": page.get("LastEvaluatedKey")}
        self.is_over = "LastEvaluatedKey" not in page
        if page["Count"] < page["ScannedCount"]:
            self._times *= _GROWTH
        return page

    def back(self) -> None:
        """Goes back by one page, to read its items."""
        self._start, self.is_over = self._before, False
        self._times = 1
