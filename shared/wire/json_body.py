"""Parses a request's body as a strict JSON object: no duplicate keys, no NaN, only Unicode."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

from shared.errors import InvalidRequest, PayloadTooLarge

# About the digits of the largest float.
_DIGITS_MAX = 300
# Of one page's request. A transcript of a thousand messages has some ten thousand.
VALUES_MAX = 100_000
# Possessive, so that no text is looked at twice; a last string may lack its end.
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_HALF = re.compile("[\ud800-\udfff]")


def parse(body: str) -> dict[str, Any]:
    """Raises InvalidRequest."""
    if "\N{REPLACEMENT CHARACTER}" in body:
        # API Gateway replaces bytes that are not UTF-8 with it, and does not say where.
        raise InvalidRequest(
            "The body is not UTF-8, or contains the character U+FFFD.",
            code="invalid_json",
            hint="Encode the body in UTF-8. Write the character itself as \\ufffd.",
        )
    return _parse(body, repair=False)


def parse_page(body: str, check: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
    """Replaces lone surrogates, such as half an emoji, with U+FFFD, as browsers do. Raises InvalidRequest.

    `check` receives the object before that, and may raise to save the work. Raises PayloadTooLarge before anything is
    parsed if the body has too many values to read in time.
    """
    if has_too_many_values(body, VALUES_MAX):
        raise PayloadTooLarge(
            "The request is too large. In a chat, please start a new conversation.",
            hint=f"A body may contain {VALUES_MAX:,} values. Lists and objects count, and so do their entries.",
        )
    return _parse(body, repair=True, check=check)


def has_too_many_values(body: str, most: int) -> bool:
    """Whether there are more than `most` values. Some bodies of up to twice as many pass.

    It counts characters, which takes a small part of the time that parsing takes. Each value is at most one comma and
    one opening bracket.
    """
    if _brackets_and_commas(body) <= 2 * most:
        return False
    # Each string has two quotes that are not escaped, and each value at most a name and a string.
    if body.count('"') - body.count('\\"') > 4 * most:
        return True
    return _brackets_and_commas(_STRING.sub("", body)) > 2 * most


def _brackets_and_commas(text: str) -> int:
    return text.count(",") + text.count("[") + text.count("{")


def _parse(body: str, *, repair: bool, check: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
    try:
        value = _loads(body)
        if check and isinstance(value, dict):
            check(value)
        text = json.dumps(value, ensure_ascii=False) if "\\u" in body else body
        if not _is_unicode(text):
            if not repair:
                raise InvalidRequest(
                    "The body contains a lone surrogate, which is not valid Unicode.", code="invalid_json"
                )
            # Not both at once: 6 MB of small values take about 300 MB of memory.
            del value
            value = _repaired(text)
    except json.JSONDecodeError as error:
        place = f"at line {error.lineno}, column {error.colno}"
        raise InvalidRequest(
            f"The body is not JSON: {error.msg.removesuffix(' at')} {place}.", code="invalid_json"
        ) from None
    except RecursionError:
        raise InvalidRequest("The body is nested too deeply.", code="invalid_json") from None
    except ValueError as error:
        raise InvalidRequest(f"The body is not JSON: {error}.", code="invalid_json") from None
    if not isinstance(value, dict):
        raise InvalidRequest("The body must be a JSON object, such as {}.", code="invalid_json")
    return value


def _loads(body: str) -> Any:
    return json.loads(body, object_pairs_hook=_pairs, parse_constant=_not_json, parse_float=_finite, parse_int=_int)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _repaired(text: str) -> Any:
    """Whole pairs are one character each by now, so what is left of a pair is a half."""
    return json.loads(_HALF.sub("\N{REPLACEMENT CHARACTER}", text))


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("duplicate key")
    return value


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a valid number")


def _int(digits: str) -> int:
    if len(digits) > _DIGITS_MAX:
        raise ValueError("a number is too large")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return number
