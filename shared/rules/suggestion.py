"""Guesses which known name a misspelled one means."""

from __future__ import annotations

import re
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most likely meant, whatever its case and punctuation. None if none is close."""
    import difflib  # noqa: PLC0415 - few requests misspell a name

    by_letters = {_letters(one): one for one in known}
    close = difflib.get_close_matches(_letters(name), by_letters, n=1)
    return by_letters[close[0]] if close else None


def _letters(name: str) -> str:
    """A name without any keeps its symbols: otherwise all such names would be the same."""
    return re.sub(r"[\W_]", "", name.casefold()) or name
