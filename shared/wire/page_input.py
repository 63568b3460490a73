"""Fields that a page sends with messages and with outputs of its tools."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from shared.rules import identifier
from shared.rules.client_tools import ClientTool
from shared.wire.request_model import nested_at_most

JSON_DEPTH_MAX = 64
MessageId = Annotated[str, Field(min_length=1, max_length=identifier.LABEL_MAX)]
Fingerprint = Annotated[str, Field(min_length=1, max_length=128)]
# The SDK sends null for absent fields.
JsonObject = Annotated[
    dict[str, Any],
    BeforeValidator(lambda value: {} if value is None else value, json_schema_input_type=dict[str, Any] | None),
    nested_at_most(JSON_DEPTH_MAX),
]


def _tools(given: list[Any] | None) -> list[ClientTool] | None:
    if given is None:
        return None
    # Imported on use: most pages offer no tools, and a cold start takes as long as its imports.
    from shared.wire import client_tools  # noqa: PLC0415

    return client_tools.read(given)


PageTools = Annotated[list[Any] | None, AfterValidator(_tools)]
