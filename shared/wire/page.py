"""Where in a list an answer stands."""

from __future__ import annotations

from typing import TypedDict


class Page(TypedDict):
    """Where this page of a list stands, and whether more entries follow."""

    limit: int
    offset: int
    hasMore: bool
