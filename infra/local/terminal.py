"""Makes text safe to print in the developer's terminal."""

from __future__ import annotations


def harmless(line: str) -> str:
    """Escapes control characters: a visitor's text could otherwise control the cursor or the clipboard.

    Invisible and reordering characters are escaped too, because they can hide the content of a line.
    """
    if line.isprintable():
        return line
    return "".join(
        character if character.isprintable() or character == "\t" else character.encode("unicode_escape").decode()
        for character in line
    )
