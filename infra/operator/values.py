"""What an operator may write for each value of a command."""

from __future__ import annotations

import difflib
import re
from argparse import ArgumentTypeError
from datetime import UTC, datetime

from shared.rules import identifier
from shared.rules.principal import SCOPES

DAYS_MAX = 3650
_NAME_LENGTH = 255


def tenant(text: str) -> str:
    # In the table's keys a # follows it.
    if not identifier.is_label(text) or "#" in text:
        raise ArgumentTypeError("a tenant is 1 to 128 characters, without spaces, control characters and #")
    return text


def target_id(text: str) -> str:
    """What client tokens accept as the id of a flow or an agent."""
    if not identifier.is_label(text):
        raise ArgumentTypeError("a target's id is 1 to 128 characters, without spaces and control characters")
    return text


def key_id(text: str) -> str:
    # Does not repeat what was written: it may well be a key's value.
    if not identifier.is_valid("key", text):
        raise ArgumentTypeError("that is no key's id: those start with key_, and `keys list` shows them")
    return text


def conversation_id(text: str) -> str:
    if not identifier.is_valid("conv", text):
        raise ArgumentTypeError("that is no conversation's id: those start with conv_, and the API lists a token's")
    return text


def token_id(text: str) -> str:
    # Does not repeat what was written: it may well be a token's value.
    if not identifier.is_valid("ct", text):
        raise ArgumentTypeError("that is no client token's id: those start with ct_")
    return text


def moment(text: str) -> datetime:
    """A day begins at midnight, UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is not None and at.tzinfo is None and len(text) == len("2027-01-31"):
        at = at.replace(tzinfo=UTC)
    if at is None or at.tzinfo is None:
        raise ArgumentTypeError("a time is a day, such as 2027-01-31, or has its offset: 2027-01-31T08:00:00Z")
    return at


def name(text: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= _NAME_LENGTH or not text.isprintable():
        raise ArgumentTypeError(f"a name is 1 to {_NAME_LENGTH} characters, without control characters")
    return text


def scopes(text: str) -> tuple[str, ...]:
    """Separated by commas."""
    named = [scope.strip() for scope in text.split(",")]
    for scope in named:
        if scope not in SCOPES:
            close = difflib.get_close_matches(scope, SCOPES, n=1)
            mend = f"did you mean {close[0]}?" if close else f"there are {', '.join(SCOPES)}"
            raise ArgumentTypeError(f"there is no scope {scope!r}: {mend}")
    return tuple(scope for scope in SCOPES if scope in named)


def days(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= DAYS_MAX:
        raise ArgumentTypeError(f"days are a whole number from 1 to {DAYS_MAX}")
    return int(text)


def setting(text: str) -> tuple[str, str]:
    """A name and its value, which the target's kind judges."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise ArgumentTypeError("a setting is a name, an equals sign and a value, such as max_tokens=500")
    return name, value
