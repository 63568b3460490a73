"""The settings of a target as an operator writes them, checked before they are stored: input limits and its kind's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import ErrorDetails

from shared.errors import InvalidRequest
from shared.rules import input_limits, suggestion
from shared.rules.client_tools import TOOLS_BYTES_MAX
from shared.rules.input_limits import InputLimits
from shared.targets import answering

_DEFAULTS = InputLimits()
# Six decimals, so that what a token costs is a whole number of picodollars.
_Dollars = Annotated[Decimal, Field(ge=0, le=1000, decimal_places=6)]


class _Limits(BaseModel):
    """Limits and prices, of every kind of target."""

    max_input_bytes: Annotated[int, Field(ge=1, le=input_limits.INPUT_BYTES_MAX)] = _DEFAULTS.max_input_bytes
    max_message_bytes: Annotated[int, Field(ge=1, le=input_limits.MESSAGE_BYTES_MAX)] = _DEFAULTS.max_message_bytes
    attachments: Annotated[int, Field(ge=0, le=input_limits.ATTACHMENT_BYTES_MAX)] = _DEFAULTS.attachments
    client_tools: Annotated[int, Field(ge=0, le=TOOLS_BYTES_MAX)] = _DEFAULTS.client_tools
    # In dollars: per million tokens, and per call.
    input_price: _Dollars = Decimal(0)
    output_price: _Dollars = Decimal(0)
    call_price: _Dollars = Decimal(0)


def read(kind: str, written: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The settings to store for a target of this kind. Raises InvalidRequest for the first mistake."""
    given: dict[str, str] = {}
    for name, value in written:
        if name in given:
            raise InvalidRequest(f"The setting {name} is given twice.")
        given[name] = value
    settings = _settings(kind)
    try:
        # Store only what was given, so that a changed default applies to targets that never set it.
        accepted = settings.model_validate(given).model_dump(mode="json", exclude_unset=True)
    except ValidationError as error:
        # A missing setting may just be misspelled, so report it last.
        wrong = min(error.errors(include_url=False), key=lambda one: one["type"] == "missing")
        raise InvalidRequest(_sentence(kind, wrong, settings.model_json_schema()["properties"])) from None
    _require_room_for_message(accepted)
    return accepted


def _settings(kind: str) -> type[BaseModel]:
    """Reads the kind's own settings, then the input limits, which the same code reads for every kind."""
    return type("Settings", (_Limits, answering.load(kind).Settings), {"__module__": __name__})


def _require_room_for_message(accepted: Mapping[str, Any]) -> None:
    message = accepted.get("max_message_bytes", 0)
    everything = accepted.get("max_input_bytes", _DEFAULTS.max_input_bytes)
    if message > everything:
        raise InvalidRequest(
            f"max_message_bytes ({message}) must not be larger than max_input_bytes ({everything}), which counts the "
            "message too. Raise max_input_bytes, or lower max_message_bytes."
        )


def _sentence(kind: str, wrong: ErrorDetails, known: Mapping[str, Any]) -> str:
    name = str(wrong["loc"][0])
    match wrong["type"]:
        case "missing":
            return f"A target of kind {kind} needs the setting {name}."
        case "extra_forbidden":
            meant = suggestion.nearest(name, known)
            fix = f"did you mean {meant}?" if meant else f"there are {', '.join(known) or 'none'}."
            return f"A target of kind {kind} has no setting {name}: {fix}"
        case "decimal_max_places":
            return f"{name} must have at most six decimals."
    # An optional one may also be null.
    match known[name].get("anyOf", [known[name]])[0]:
        case {"type": "integer", "minimum": least, "maximum": most}:
            return f"{name} must be a whole number from {least} to {most}."
        case {"type": "number", "minimum": least, "maximum": most}:
            return f"{name} must be a number from {least} to {most}."
    return f"{name} {wrong['msg']}."
