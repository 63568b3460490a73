"""A line of the functions' log that says what one visitor did with a client token, as far as tallies count it.

Only our functions write to that log. Still nothing of a line is believed but what one of them can have written, so that
no line can break a tally or make it grow without end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.rules import identifier
from shared.rules.visitor import ORIGIN_LENGTH_MAX

# Ours are below 1 KB.
_LENGTH_MAX = 4096
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_REQUEST_ID_MAX = 128
_DIGEST = re.compile(r"[0-9A-Za-z]{1,16}")
_MILLISECONDS_MAX = 10**7
_TOKENS_MAX = 10**9
# A million dollars.
_COST_MAX = 10**18
_STATUSES = range(100, 600)
_FIRST_SERVER_ERROR = 500
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`at`: when the response was complete. The other fields are those of log.answered; numbers that it lacks are 0.

    `first_byte_milliseconds`: None if the response was not streamed.
    """

    token_id: str
    at: datetime
    request_id: str
    status: int
    milliseconds: int
    first_byte_milliseconds: int | None
    code: str
    observed: str
    origin: str
    outcome: str
    input_tokens: int
    output_tokens: int
    cost: int
    previous_value: str

    @property
    def has_failed(self) -> bool:
        """On our side or the target's, possibly in the middle of an answer. Any other code says that it was refused."""
        return bool(self.code) and (self.status == _OK or self.status >= _FIRST_SERVER_ERROR)


def parse(text: str, at: datetime) -> Line | None:
    """None unless it is the line of a visitor's request, with a client token that was found."""
    if len(text) > _LENGTH_MAX:
        return None
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or fields.get("message") != "answered":
        return None
    try:
        return _line(fields, at)
    except ValueError:
        return None


def _line(fields: Mapping[str, Any], at: datetime) -> Line:
    token_id = _text(fields, "token_id", 64)
    if not identifier.is_valid("ct", token_id):
        raise ValueError("token_id")
    status = _number(fields, "status", _STATUSES[-1])
    if status not in _STATUSES:
        raise ValueError("status")
    first_byte = _number(fields, "first_byte_milliseconds", _MILLISECONDS_MAX)
    return Line(
        token_id=token_id,
        at=at,
        request_id=_text(fields, "request_id", _REQUEST_ID_MAX),
        status=status,
        milliseconds=_number(fields, "milliseconds", _MILLISECONDS_MAX),
        first_byte_milliseconds=first_byte if "first_byte_milliseconds" in fields else None,
        code=_word(fields, "code", _CODE),
        observed=_word(fields, "observed", _CODE),
        origin=_text(fields, "origin", ORIGIN_LENGTH_MAX),
        outcome=_word(fields, "outcome", _CODE),
        input_tokens=_number(fields, "input_tokens", _TOKENS_MAX),
        output_tokens=_number(fields, "output_tokens", _TOKENS_MAX),
        cost=_number(fields, "cost", _COST_MAX),
        previous_value=_word(fields, "previous_value", _DIGEST),
    )


def _text(fields: Mapping[str, Any], name: str, most: int) -> str:
    text = fields.get(name, "")
    if not isinstance(text, str) or len(text) > most or not text.isascii() or not text.isprintable():
        raise ValueError(name)
    return text


def _word(fields: Mapping[str, Any], name: str, shape: re.Pattern[str]) -> str:
    word = _text(fields, name, ORIGIN_LENGTH_MAX)
    if word and not shape.fullmatch(word):
        raise ValueError(name)
    return word


def _number(fields: Mapping[str, Any], name: str, most: int) -> int:
    number = fields.get(name, 0)
    if type(number) is not int or not 0 <= number <= most:
        raise ValueError(name)
    return number
