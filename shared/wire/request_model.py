"""Request models: pydantic models with camelCase names, strict types, and errors that say how to fix a request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, PydanticCustomError

from shared.errors import Detail, InvalidRequest
from shared.rules import suggestion, timestamps
from shared.wire import json_body

# More would not help, and each may cost a search for the field that was meant.
_REASONS_MAX = 100


def _integral(value: Any) -> Any:
    """JSON does not distinguish 10.0 from 10, and clients send both."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise PydanticCustomError("integer", "must be a whole number")
    return value


def _decimal(value: Any) -> Any:
    if not re.fullmatch(r"-?[0-9]{1,18}", value):
        raise PydanticCustomError("integer", "must be a whole number")
    return int(value)


def _timestamp(value: Any) -> Any:
    """An RFC 3339 timestamp. A time without an offset would be ambiguous."""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d+)?)?([Zz]|[+-]\d\d:?[0-5]\d)", value, re.ASCII):
            return timestamps.floor_to_millisecond(datetime.fromisoformat(value.upper()).astimezone(UTC))
    except (TypeError, ValueError, OverflowError):
        pass
    raise PydanticCustomError("timestamp", "must be a time with its offset, such as 2027-01-31T00:00:00Z")


def bytes_at_most(most: int) -> AfterValidator:
    """Limits text that is stored: an item's size is in bytes, and a character has up to four."""

    def check(value: str) -> str:
        if len(value.encode()) > most:
            raise PydanticCustomError("out_of_range", f"must be at most {most:,} bytes of UTF-8")
        return value

    return AfterValidator(check)


def nested_at_most(levels: int) -> AfterValidator:
    """Limits the nesting of arbitrary JSON, which later readers may parse recursively."""

    def check(value: Any) -> Any:
        # Level by level, because a body may be nested deeper than Python's stack.
        depth, level = 0, [value]
        while level := [one for one in level if isinstance(one, dict | list)]:
            depth += 1
            level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
        if depth > levels:
            raise PydanticCustomError("out_of_range", f"must be nested at most {levels} deep")
        return value

    return AfterValidator(check)


Integer = Annotated[int, BeforeValidator(_integral)]
QueryInteger = Annotated[int, BeforeValidator(_decimal)]
Timestamp = Annotated[datetime, BeforeValidator(_timestamp)]


class RequestModel(BaseModel):
    """A request. Unknown fields are rejected, so that a misspelled limit cannot silently leave a token unlimited."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True, frozen=True)

    @classmethod
    def read(cls, body: str | None) -> Self:
        """From a request's body. Raises InvalidRequest with a detail for each of the first hundred mistakes."""
        return cls.parse(json_body.parse(body or ""))

    @classmethod
    def read_query(cls, query: Mapping[str, str]) -> Self:
        """From a request's query string, whose values are all text."""
        return cls.parse(query)

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> Self:
        """From values as JSON has them."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            names = [field.alias or name for name, field in cls.model_fields.items()]
            errors = error.errors(include_url=False, include_input=False)[:_REASONS_MAX]
        raise InvalidRequest.from_details(*(_detail(one, names) for one in errors))

    def canonical(self) -> str:
        """JSON that is the same for equal requests, however they are spelled."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True)


def _detail(error: ErrorDetails, names: Iterable[str]) -> Detail:
    kind, path, context = error["type"], _path(error["loc"]), error.get("ctx", {})
    if kind == "extra_forbidden":
        return Detail(path, "is not a known field", "unknown_field", suggestion.nearest(str(error["loc"][-1]), names))
    if kind == "missing":
        return Detail(path, "is required", "required")
    if kind in _MESSAGES:
        code, message = _MESSAGES[kind]
        return Detail(path, message.format(**context), code)
    return Detail(path, error["msg"], kind)


def _path(location: Iterable[int | str]) -> str:
    """Such as `allowedOrigins[2]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")


# pydantic's error type -> our code and message. Braces hold the bound.
_MESSAGES = {
    "string_type": ("wrong_type", "must be text"),
    "bool_type": ("wrong_type", "must be true or false"),
    "list_type": ("wrong_type", "must be a list"),
    "tuple_type": ("wrong_type", "must be a list"),
    "dict_type": ("wrong_type", "must be an object"),
    "model_type": ("wrong_type", "must be an object"),
    "integer": ("wrong_type", "must be a whole number"),
    "float_type": ("wrong_type", "must be a number"),
    "greater_than_equal": ("out_of_range", "must be at least {ge}"),
    "less_than_equal": ("out_of_range", "must be at most {le}"),
    "string_too_short": ("out_of_range", "must be at least {min_length} character(s) long"),
    "string_too_long": ("out_of_range", "must be at most {max_length} characters long"),
    "too_short": ("out_of_range", "must have at least {min_length} entry"),
    "too_long": ("out_of_range", "must have at most {max_length} entries"),
    "literal_error": ("wrong_value", "must be {expected}"),
    "timestamp": ("wrong_value", "must be a time with its offset, such as 2027-01-31T00:00:00Z"),
}


class LenientRequestModel(RequestModel):
    """A request from a page. Unknown fields are ignored, because newer widgets add fields."""

    model_config = ConfigDict(extra="ignore")

    @classmethod
    def read(cls, body: str | None) -> Self:
        return cls.parse(json_body.parse_page(body or "", cls.precheck))

    @classmethod
    def precheck(cls, values: Mapping[str, Any]) -> None:
        """Checks the parsed body before text repair and validation, which take seconds for 6 MB. Raises ApiError.

        The default accepts every body.
        """
