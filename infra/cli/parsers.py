"""Parsers of command arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from typer import BadParameter

from shared.rules import identifier, returning_visitor, suggestion, visitor
from shared.rules.principal import SCOPES
from shared.rules.target import KINDS

DAYS_MAX = 3650
_NAME_LENGTH = 255


def tenant(text: str) -> str:
    # The table's keys use # as a separator after it.
    if not identifier.is_label(text) or "#" in text:
        raise BadParameter("A tenant has 1 to 128 characters, without spaces, control characters, and #.")
    return text


def target_id(text: str) -> str:
    """The rules of client tokens for ids of flows and agents."""
    if not identifier.is_label(text):
        raise BadParameter("The id of a target has 1 to 128 characters, without spaces and control characters.")
    return text


def key_id(text: str) -> str:
    # Does not echo the input, which may be a key's value.
    return _id("key", text, "the id of an API key", "`keys list` shows them.")


def conversation_id(text: str) -> str:
    return _id("conv", text, "the id of a conversation", "`conversations list` shows them.")


def visitor_id(text: str) -> str:
    # Does not echo the input, which may be a visitor's secret.
    if not returning_visitor.is_id(text):
        raise BadParameter(
            "This is not the id of a visitor, which starts with cvis_. `conversations list --json` shows it as ownerId."
        )
    return text


def token_id(text: str) -> str:
    # Does not echo the input, which may be a token's value.
    return _id("ct", text, "the id of a client token", "`tokens list` shows them.")


def _id(prefix: str, text: str, what: str, where: str) -> str:
    if not identifier.is_valid(prefix, text):
        raise BadParameter(f"This is not {what}, which starts with {prefix}_. {where}")
    return text


def origin_header(text: str) -> str:
    if not 1 <= len(text) <= visitor.ORIGIN_LENGTH_MAX:
        raise BadParameter(f"An Origin header has 1 to {visitor.ORIGIN_LENGTH_MAX} characters.")
    return text


def address(text: str) -> str:
    try:
        return visitor.normal_address(text)
    except ValueError:
        raise BadParameter("This is not an IPv4 or IPv6 address.") from None


def moment(text: str) -> datetime:
    """In UTC. A date means midnight."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is not None and at.tzinfo is None and len(text) == len("2027-01-31"):
        at = at.replace(tzinfo=UTC)
    if at is None or at.tzinfo is None:
        raise BadParameter("A time is a day, such as 2027-01-31, or has an offset, such as 2027-01-31T08:00:00Z.")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise BadParameter("A time must lie in the years 1 to 9999 in UTC.") from None


def name(text: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= _NAME_LENGTH or not text.isprintable():
        raise BadParameter(f"A name has 1 to {_NAME_LENGTH} characters, without control characters.")
    return text


def scopes(text: str) -> tuple[str, ...]:
    """Scopes separated by commas."""
    named = {_one_of(SCOPES, scope.strip(), "scope") for scope in text.split(",")}
    return tuple(scope for scope in SCOPES if scope in named)


def kind(text: str) -> str:
    return _one_of(KINDS, text, "kind of target")


def _one_of(known: Sequence[str], text: str, what: str) -> str:
    if text in known:
        return text
    meant = suggestion.nearest(text, known)
    fix = f"Did you mean {meant}?" if meant else f"Choose from {', '.join(known)}."
    raise BadParameter(f"There is no {what} {text!r}. {fix}")


def days(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= DAYS_MAX:
        raise BadParameter(f"The number of days is a whole number from 1 to {DAYS_MAX}.")
    return int(text)


def setting(text: str) -> tuple[str, str]:
    """A name and its value, which the target's kind checks."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise BadParameter("A setting has the form NAME=VALUE, such as max_tokens=500.")
    return name, value
