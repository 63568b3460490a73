"""Explains why a text cannot be a client token's value, without quoting the text."""

from __future__ import annotations

import re
from collections.abc import Callable

from shared.errors import Unauthenticated
from shared.rules import api_key, identifier

_LOOKS = "A value starts with eyJ and has three parts with dots between them. Copy the whole value again."
_QUOTES = "\"'`\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}"
_ELLIPSES = ("...", "\N{HORIZONTAL ELLIPSIS}")


def _bare(value: str) -> str:
    return value.strip().strip(_QUOTES)


# What may be wrong, and how to fix it; the first that applies is reported.
_MISTAKES: tuple[tuple[Callable[[str], object], str], ...] = (
    (lambda value: not value.strip(), f"it is empty. {_LOOKS}"),
    # First, because fixing only another mistake would leave the key in the page.
    (
        lambda value: re.search(rf"(?<![A-Za-z0-9_-]){api_key.PREFIX}", value),
        "it is an API key, which must never be in a web page. Revoke the key, and use a client token's value.",
    ),
    (
        lambda value: re.search(r"\bbearer\b", value, re.IGNORECASE),
        "it contains the word Bearer. Send the value alone.",
    ),
    (
        lambda value: identifier.is_valid("ct", _bare(value)),
        "it is the token's id. GET /v1/client-tokens/{id}/token returns the value.",
    ),
    (lambda value: _bare(value) != value.strip(), "it contains quotes. Remove them."),
    (lambda value: re.search(r"\s", value), "it contains a space or a line break. Put the whole value on one line."),
    (lambda value: value.endswith(_ELLIPSES), f"it is cut short. {_LOOKS}"),
    (lambda value: re.search(r"[^A-Za-z0-9_.-]", value), f"it contains a character that no value has. {_LOOKS}"),
    (
        lambda value: value.lower().startswith("eyj"),
        "it is not complete, was changed, or is another kind of token. Copy the whole value again.",
    ),
    (lambda _: True, f"it is too short, or another kind of text. {_LOOKS}"),
)


def error_for(value: str) -> Unauthenticated:
    """The error for a malformed value. Its hint tells the page's author how to fix it."""
    mistake = next(words for applies, words in _MISTAKES if applies(value))
    hint = f"The token value is malformed: {mistake}"
    return Unauthenticated("This client token is not valid.", code="invalid_token", hint=hint)
