"""What we are sent: pydantic models with camelCase names and strict types, and errors that say how to mend them."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, PydanticCustomError

from shared.errors import Detail, InvalidRequest
from shared.rules import timestamps
from shared.wire import json_body

# Whoever is wrong in more places learns no more from them, and each costs a search for the name that was meant.
_REASONS_MAX = 100


def _integral(value: Any) -> Any:
    """JSON has one kind of number, and clients send 10.0 for 10."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise PydanticCustomError("integer", "must be a whole number")
    return value


def _decimal(value: Any) -> Any:
    if not re.fullmatch(r"-?[0-9]{1,18}", value):
        raise PydanticCustomError("integer", "must be a whole number")
    return int(value)


def _instant(value: Any) -> Any:
    """RFC 3339, the profile of ISO 8601 for the internet. A time without an offset means something else everywhere."""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d([.,]\d+)?)?([Zz]|[+-]\d\d:?[0-5]\d)", value, re.ASCII):
            return timestamps.floor_to_millisecond(datetime.fromisoformat(value.upper()).astimezone(UTC))
    except (TypeError, ValueError, OverflowError):
        pass
    raise PydanticCustomError("instant", "must be a time with its offset, such as 2027-01-31T00:00:00Z")


def bytes_at_most(most: int) -> AfterValidator:
    """For text that is stored: an item's size counts bytes, and a character has up to four of them."""

    def check(value: str) -> str:
        if len(value.encode()) > most:
            raise PydanticCustomError("out_of_range", f"must be at most {most:,} bytes of UTF-8")
        return value

    return AfterValidator(check)


def nested_at_most(levels: int) -> AfterValidator:
    """For what may hold anything: whoever reads it later has a stack, too."""

    def check(value: Any) -> Any:
        # Level by level, for a body may be nested deeper than Python's own stack.
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
Instant = Annotated[datetime, BeforeValidator(_instant)]


class RequestModel(BaseModel):
    """What we are sent. An unknown name is refused: a misspelt limit that nobody notices is a hole."""

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

    def canonical_json(self) -> str:
        """The same text for the same question, however it was spelled."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True)


def _detail(error: ErrorDetails, names: Iterable[str]) -> Detail:
    kind, path, context = error["type"], _path(error["loc"]), error.get("ctx", {})
    if kind == "extra_forbidden":
        return Detail(path, "is not a known field", "unknown_field", _nearest(str(error["loc"][-1]), names))
    if kind == "missing":
        return Detail(path, "is required", "required")
    if kind in _MESSAGES:
        code, message = _MESSAGES[kind]
        return Detail(path, message.format(**context), code)
    return Detail(path, error["msg"], kind)


def _path(location: Iterable[int | str]) -> str:
    """Such as `allowedOrigins[2]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")


def _nearest(name: str, names: Iterable[str]) -> str | None:
    """The known name that a misspelt one means, whichever way it is cased."""
    known = {re.sub(r"[^a-z0-9]", "", one.lower()): one for one in names}
    close = difflib.get_close_matches(re.sub(r"[^a-z0-9]", "", name.lower()), known, n=1)
    return known[close[0]] if close else None


# pydantic's kinds of error in our words: (code, message); what stands in braces is the bound.
_MESSAGES = {
    "string_type": ("wrong_type", "must be text"),
    "bool_type": ("wrong_type", "must be true or false"),
    "list_type": ("wrong_type", "must be a list"),
    "tuple_type": ("wrong_type", "must be a list"),
    "dict_type": ("wrong_type", "must be an object"),
    "model_type": ("wrong_type", "must be an object"),
    "integer": ("wrong_type", "must be a whole number"),
    "greater_than_equal": ("out_of_range", "must be at least {ge}"),
    "less_than_equal": ("out_of_range", "must be at most {le}"),
    "string_too_short": ("out_of_range", "must be at least {min_length} character(s) long"),
    "string_too_long": ("out_of_range", "must be at most {max_length} characters long"),
    "too_short": ("out_of_range", "must have at least {min_length} entry"),
    "too_long": ("out_of_range", "must have at most {max_length} entries"),
    "literal_error": ("wrong_value", "must be {expected}"),
    "instant": ("wrong_value", "must be a time with its offset, such as 2027-01-31T00:00:00Z"),
}


class LenientRequestModel(RequestModel):
    """What pages send: widgets grow fields, and what we do not know does no harm."""

    model_config = ConfigDict(extra="ignore")

    @classmethod
    def read(cls, body: str | None) -> Self:
        return cls.parse(json_body.parse_page(body or "", cls.precheck))

    @classmethod
    def precheck(cls, values: Mapping[str, Any]) -> None:
        """Raises a refusal that needs nothing but a look at the parsed body, before the repair of text and validation.

        A body may have 6 MB, for which both take seconds.
        """
