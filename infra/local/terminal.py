"""Text for the developer's terminal that can only be read there."""

from __future__ import annotations


def harmless(line: str) -> str:
    """The line with its control characters escaped: a visitor's text could otherwise move the cursor or the clipboard.

    Invisible and reordering characters are escaped too, for they hide what a line says.
    """
    if line.isprintable():
        return line
    return "".join(
        character if character.isprintable() or character == "\t" else character.encode("unicode_escape").decode()
        for character in line
    )
