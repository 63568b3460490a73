"""The kinds of value that a client token's terms are made of, each with its bounds."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from shared.rules import identifier, origin

_CONFIG_BYTES = 16 * 1024
_CONFIG_DEPTH = 16


def _as_tuple(value: Any) -> Any:
    """JSON has lists; a record must not change under anybody's hands."""
    return tuple(value) if isinstance(value, list) else value


def _without_repeats(entries: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entries))


def _label(value: str) -> str:
    if not identifier.is_label(value):
        raise PydanticCustomError("wrong_value", "must not hold spaces or control characters")
    return value


def _origin(entry: str) -> str:
    try:
        return origin.normalise(entry)
    except ValueError as error:
        raise PydanticCustomError("invalid_origin", "{reason}", {"reason": str(error)}) from None


def _config(config: dict[str, Any]) -> dict[str, Any]:
    if _depth(config) > _CONFIG_DEPTH:
        raise PydanticCustomError("out_of_range", "must be nested at most 16 deep")
    if len(json.dumps(config, separators=(",", ":"), ensure_ascii=False).encode()) > _CONFIG_BYTES:
        raise PydanticCustomError("out_of_range", "must be at most 16 KB as JSON")
    return config


def _depth(value: Any) -> int:
    """Level by level, for a body may be nested deeper than Python's stack."""
    depth, level = 0, [value]
    while level := [one for one in level if isinstance(one, dict | list)]:
        depth += 1
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
    return depth


def _immutable(_: Any) -> Any:
    raise PydanticCustomError("immutable", "cannot be changed once the token exists")


Id = Annotated[str, Field(min_length=1, max_length=identifier.LABEL_MAX), AfterValidator(_label)]
Ids = Annotated[tuple[Id, ...], BeforeValidator(_as_tuple), Field(max_length=100), AfterValidator(_without_repeats)]
Origin = Annotated[str, AfterValidator(_origin)]
Origins = Annotated[
    tuple[Origin, ...],
    BeforeValidator(_as_tuple),
    Field(min_length=1, max_length=100),
    AfterValidator(_without_repeats),
]
Immutable = Annotated[Any, BeforeValidator(_immutable)]


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
Config = Annotated[dict[str, Any], AfterValidator(_config)]
