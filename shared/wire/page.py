"""Where in a list an answer stands."""

from __future__ import annotations

from typing import TypedDict


class CursorPage(TypedDict):
    """Whether more entries follow, and the cursor that leads to them."""

    limit: int
    hasMore: bool
    nextCursor: str | None


class Page(TypedDict):
    """The position of this page in the list, and whether more entries follow."""

    limit: int
    offset: int
    hasMore: bool
    nextCursor: str | None
