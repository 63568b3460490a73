"""What eyes may see of a conversation. A page may display another text than the one that a target reads or writes.

Such a text is for eyes alone: no target ever receives it. A message without one is shown as it is, unless it looks like
structured data, which a page may turn into anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from shared.errors import InvalidRequest

CHARACTERS_MAX = 32_768
ALL_CHARACTERS_MAX = 49_152
# One write each, and one for the conversation, in a transaction of a hundred.
MESSAGES_MAX = 99
# What a page displays of one turn, in bytes. Its message, its reply, and this fit into an item of 400 KB.
TURN_BYTES_MAX = 96 * 1024
_PREVIEW_LENGTH = 140
_TITLE_LENGTH = 80
# The beginning of a JSON object, or of a list that no link or footnote in Markdown looks like.
_STRUCTURED = re.compile(r"\s*(?:\{\s*(?:[\"}]|$)|\[\s*(?:[\[{\"\]]|$))")


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as a page gets it. `content` and `display` are None if there is nothing to show."""

    content: str | None
    display: str | None

    @property
    def is_available(self) -> bool:
        return self.content is not None

    @property
    def text(self) -> str:
        """What a visitor reads. Empty if nothing is shown."""
        return self.content or "" if self.display is None else self.display

    def reads(self, text: str) -> bool:
        """Whether a visitor reads this text already."""
        return text == (self.content if self.display is None else self.display)


def shown(role: Literal["user", "assistant"], text: str, display: str | None) -> Shown:
    """`display`: the text that the page displays instead, None if it displays the message itself."""
    if display is not None:
        return Shown(text, display)
    is_hidden = not text or (role == "assistant" and _STRUCTURED.match(text))
    return Shown(None if is_hidden else text, None)


def fits(*displays: str | None) -> bool:
    """Whether that of a turn's message and of its reply can be stored with them."""
    return _size(displays) <= TURN_BYTES_MAX


def require_fits(*displays: str | None) -> None:
    """Raises InvalidRequest if a turn would have more than can be stored with it."""
    if not fits(*displays):
        size = _size(displays)
        raise InvalidRequest(
            "The displayed text of a message is too long.",
            code="display_too_large",
            hint=f"With that of its reply, it takes {size:,} bytes of UTF-8, more than {TURN_BYTES_MAX:,}.",
        )


def preview(text: str) -> str | None:
    """The beginning of the last text that is shown."""
    return _cut(text, _PREVIEW_LENGTH) or None


def title(text: str | None, otherwise: str) -> str:
    """The beginning of the first message."""
    return _cut(text or "", _TITLE_LENGTH) or otherwise


def _size(displays: Iterable[str | None]) -> int:
    return sum(len(one.encode()) for one in displays if one)


def _cut(text: str, length: int) -> str:
    # Only what can be part of it: a text may have 64 KB.
    words = " ".join(text[: length * 8].split())
    return words if len(words) <= length else words[: length - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
