"""Entries of the index. Functions that strangers reach can place items there, so an entry proves nothing by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from shared.store.table import Item, Key

One = TypeVar("One")


def verified(items: Iterable[Item], key: Callable[[Item], Key], read: Callable[[Item], One]) -> Iterator[One]:
    """What `read` makes of each item that stands under its own key. Any other is skipped, and so is a malformed one.

    Which functions may write under which keys is up to their roles. An item cannot be under a key that its writer's
    role does not allow.
    """
    for item in items:
        try:
            found = read(item) if (item["pk"], item["sk"]) == key(item) else None
        except (AttributeError, KeyError, TypeError, ValueError):
            continue
        if found is not None:
            yield found
