"""Going on after a pause: the outputs of a page's tools. The response is the rest of the answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypedDict

from pydantic import Field

from shared.rules import execution, execution_id, session
from shared.rules.client_tools import Offer
from shared.rules.execution_id import ExecutionId
from shared.wire.page_input import Fingerprint, JsonObject, MessageId, PageTools
from shared.wire.request_model import LenientRequestModel

# Of the last event.
_STATUS: dict[str, Literal["completed", "paused"]] = {"execution_complete": "completed", "await": "paused"}


class ResumeExecution(LenientRequestModel):
    """`tool_outputs`: by the id of a call, or the name of its tool. `client_tools`: as in a chat; `[]`: none any more.

    `stream_response`: false for one JSON object in place of a stream.
    """

    session_id: str
    execution_id: str
    tool_outputs: JsonObject = Field(default_factory=dict)
    stream_response: bool | None = None
    assistant_message_id: MessageId | None = None
    client_tools: PageTools = None
    client_tools_fingerprint: Fingerprint | None = None

    @classmethod
    def precheck(cls, values: Mapping[str, Any]) -> None:
        session.require_id(values.get("sessionId"))

    def execution(self) -> ExecutionId:
        """Raises NotFound."""
        parsed = execution_id.parse(self.execution_id)
        if parsed is None:
            raise execution.unknown()
        return parsed

    def offer(self) -> Offer:
        return Offer(self.client_tools, self.client_tools_fingerprint)


class ExecutionResumed(TypedDict):
    """The rest of an answer in one piece: the events that a stream would have had."""

    executionId: str
    status: Literal["completed", "paused"]
    success: bool
    events: list[dict[str, Any]]


def resumed(execution_id: str, parts: Iterable[str]) -> ExecutionResumed:
    """`parts`: of the stream. Raises what they raise: no answer has begun yet."""
    frames = "".join(parts).removesuffix("\n\n").split("\n\n")
    events = [json.loads(frame.partition("\ndata: ")[2]) for frame in frames]
    return {"executionId": execution_id, "status": _STATUS[events[-1]["type"]], "success": True, "events": events}
