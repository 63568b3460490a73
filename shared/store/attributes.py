"""Converts plain values to DynamoDB's typed attributes and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def serialize(values: Mapping[str, Any]) -> dict[str, Any]:
    """None is left out: an absent attribute means None."""
    return {name: _attribute(value) for name, value in values.items() if value is not None}


def _attribute(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case list() | tuple():
            return {"L": [_attribute(one) for one in value]}
    raise TypeError(f"no attribute type for {type(value).__name__}")


def size(item: Mapping[str, Any]) -> int:
    """Bytes of an item of plain values, names included, as DynamoDB counts them."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items() if value is not None)


def _size(value: Any) -> int:
    match value:
        case bool():
            return 1
        case str():
            return len(value.encode())
        case int():
            # One byte per two significant digits, and one more.
            return math.ceil(len(str(abs(value)).strip("0")) / 2) + 1
        case list() | tuple():
            return 3 + sum(1 + _size(one) for one in value)
    raise TypeError(f"no attribute type for {type(value).__name__}")


def require_type(item: Mapping[str, Any], kind: type, *names: str) -> None:
    """Raises KeyError or TypeError where one of these attributes is missing, or is not of this kind."""
    for name in names:
        if type(item[name]) is not kind:
            raise TypeError(name)


def deserialize(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(attribute) for name, attribute in attributes.items()}


def _value(attribute: Mapping[str, Any]) -> Any:
    ((kind, value),) = attribute.items()
    if kind == "N":
        # Only whole numbers are written. Any other number is returned as text, so that nothing takes it for one.
        return int(value) if value.lstrip("-").isdigit() else value
    if kind == "L":
        return [_value(one) for one in value]
    return value


def assignments(values: Mapping[str, Any]) -> str:
    """What an expression sets, with `placeholders` of the same values."""
    return ", ".join(f"{name} = :{name}" for name in values)


def placeholders(values: Mapping[str, Any]) -> dict[str, Any]:
    return {f":{name}": value for name, value in values.items()}
