"""What a command prints.

Standard output is for what the next program reads: a key's value, a list. What is said to the operator goes to
standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

One = TypeVar("One")

NEW_TENANT = (
    "Tenant {} is new: it had no client token, key, or target before. If the name is misspelled, take this back."
)


def say(text: str) -> None:
    print(text, file=sys.stderr)


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def show(
    found: Sequence[One],
    facts: Callable[[One], dict[str, Any]],
    columns: Mapping[str, Callable[[One], str]],
    *,
    as_json: bool,
    if_none: str,
) -> None:
    """The facts of each as JSON, else a table of columns; of nothing, no table but the sentence `if_none`."""
    if as_json:
        print(json.dumps([facts(one) for one in found], indent=2))
    elif found:
        rows = [list(columns), *([_on_one_line(cell(one)) for cell in columns.values()] for one in found)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    else:
        say(if_none)


def _on_one_line(text: str) -> str:
    """As it is, but for what a terminal would obey: a tenant chooses the names of its tokens."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
