"""A request's body as a JSON object that every reader understands alike: no duplicate keys, no NaN, only Unicode."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn

from shared.errors import InvalidRequest

# About as many as the largest float has.
_DIGITS_MAX = 300


def parse(body: str) -> dict[str, Any]:
    """Raises InvalidRequest."""
    if "\N{REPLACEMENT CHARACTER}" in body:
        # API Gateway has put it in place of bytes that are not UTF-8, and does not tell where.
        raise InvalidRequest(
            "The body is not UTF-8, or contains the character U+FFFD.",
            code="invalid_json",
            hint="Encode the body in UTF-8. Write the character itself as \\ufffd.",
        )
    return _parse(body, repair=False)


def parse_page(body: str, check: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
    """Half of a surrogate pair, such as half an emoji, becomes U+FFFD, as in a browser. Raises InvalidRequest.

    `check` gets the object before that, and may raise to save the work.
    """
    return _parse(body, repair=True, check=check)


def _parse(body: str, *, repair: bool, check: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
    try:
        value = _loads(body)
        if check and isinstance(value, dict):
            check(value)
        text = json.dumps(value, ensure_ascii=False) if "\\u" in body else body
        if not _is_unicode(text):
            if not repair:
                raise InvalidRequest(
                    "The body holds half of a surrogate pair, which is not Unicode.", code="invalid_json"
                )
            # Not both at once: 6 MB of small values take some 300 MB of memory.
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
    """In UTF-16, as browsers hold text, a half is one code unit, and decoding replaces it alone."""
    return json.loads(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("duplicate key")
    return value


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number there")


def _int(digits: str) -> int:
    if len(digits) > _DIGITS_MAX:
        raise ValueError("a number is too large")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return number
