"""Where in a list an answer stands."""

from __future__ import annotations

from typing import TypedDict


class Page(TypedDict):
    limit: int
    offset: int
    hasMore: bool
