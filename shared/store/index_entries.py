"""Verifies entries of the index. Public functions can write to it, so an entry proves nothing by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from shared.store.table import Item, Key

One = TypeVar("One")


def verified(items: Iterable[Item], key: Callable[[Item], Key], read: Callable[[Item], One]) -> Iterator[One]:
    """Applies `read` to each item whose own key is the expected one. Skips other items and malformed ones.

    Roles decide which functions may write under which keys, so an item under its expected key has the right writer.
    """
    for item in items:
        try:
            found = read(item) if (item["pk"], item["sk"]) == key(item) else None
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
            continue
        if found is not None:
            yield found
