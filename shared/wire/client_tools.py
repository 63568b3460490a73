"""The tools that a page offers with a message, as the widget and the SDK send them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from shared.errors import InvalidRequest
from shared.rules import client_tools, identifier
from shared.rules.client_tools import TOOLS_BYTES_MAX, TOOLS_MAX
from shared.rules.client_tools import ClientTool as Tool
from shared.wire.request_model import LenientRequestModel, nested_at_most

SCHEMA_DEPTH_MAX = 32


def _object_schema(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.get("type") != "object":
        raise PydanticCustomError("wrong_value", 'must have the type "object"')
    return schema


class ClientTool(LenientRequestModel):
    """A function of the page that the flow or agent may call. `parameters_schema`: JSON Schema of an object.

    `origin`: "webmcp" for a tool that the page registered with the browser.
    """

    name: Annotated[str, Field(min_length=1, max_length=identifier.LABEL_MAX)]
    description: str = ""
    parameters_schema: Annotated[dict[str, Any], nested_at_most(SCHEMA_DEPTH_MAX), AfterValidator(_object_schema)]
    origin: Literal["sdk", "webmcp"] | None = None

    def tool(self) -> Tool:
        return Tool(
            name=self.name,
            description=self.description,
            parameters_schema=self.parameters_schema,
            origin=self.origin or "sdk",
        )


class _Tools(LenientRequestModel):
    client_tools: list[ClientTool]


def read(values: list[Any]) -> list[Tool]:
    """Raises InvalidRequest."""
    if len(values) > TOOLS_MAX:
        raise client_tools.too_large(f"clientTools has {len(values):,} entries. At most {TOOLS_MAX} are accepted.")
    tools = [one.tool() for one in _Tools.parse({"clientTools": values}).client_tools]
    if len({tool.name for tool in tools}) < len(tools):
        raise InvalidRequest("clientTools: two tools have the same name")
    if (size := client_tools.size(tools)) > TOOLS_BYTES_MAX:
        raise client_tools.too_large(f"clientTools take {size:,} bytes. At most {TOOLS_BYTES_MAX:,} are accepted.")
    return tools
