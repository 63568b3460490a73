"""What a command prints.

Standard output is for the next program: a key's value, a list. Messages to the operator go to standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

One = TypeVar("One")

NEW_TENANT = (
    "Tenant {} is new: it had no client token, key, or target before. If the name is misspelled, take this back."
)
# Each row is on one line, for programs that read the table.
_UNLIMITED = 1_000_000
_REPORTED_EVERY = 1000


def say(text: str) -> None:
    print(text, file=sys.stderr)


def write(text: str) -> None:
    """Print a part of a longer text at once. Other programs wrote it, and it obeys no more than its line breaks."""
    print("\n".join(map(_on_one_line, text.split("\n"))), end="", flush=True)


def to_json(facts: Any, indent: int | None = None) -> str:
    """Readable in every script. An output that has not all of them gets JSON's own escapes."""
    return json.dumps(facts, indent=indent, ensure_ascii=not sys.stdout.encoding.lower().startswith("utf"))


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
    """Print the facts of each item as JSON, or as a table of columns. If there are none, print a sentence."""
    if as_json:
        print(json.dumps([facts(one) for one in found], indent=2))
    elif found:
        _print_table(found, columns)
    else:
        say(if_none)


def _print_table(found: Sequence[One], columns: Mapping[str, Callable[[One], str]]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in columns:
        table.add_column(heading, overflow="fold")
    for one in found:
        table.add_row(*(Text(_on_one_line(cell(one))) for cell in columns.values()))
    console = Console(width=None if sys.stdout.isatty() else _UNLIMITED)
    with console.capture() as printed:
        console.print(table)
    print("\n".join(line.rstrip() for line in printed.get().splitlines()))


def _on_one_line(text: str) -> str:
    """Escape control characters: tenants choose the names of their tokens."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def with_progress(items: Iterable[One], what: str, total: int | None = None) -> Iterator[One]:
    """Yield the items and report progress. `what`: such as "Reading client tokens"."""
    console = Console(stderr=True)
    if console.is_terminal:
        yield from track(items, what, total=total, console=console, transient=True)
        return
    for number, item in enumerate(items, 1):
        yield item
        if number % _REPORTED_EVERY == 0:
            say(f"{what}: {number}{f' of {total}' if total else ''} so far.")
