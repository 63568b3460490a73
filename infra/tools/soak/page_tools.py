"""A page that runs tools for its assistant: it reports their outputs, or cancels the answer that waits for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.tools.soak import model
from infra.tools.soak.client import text_of
from infra.tools.soak.visitor import Visitor

_TOOL = {"name": model.TOOL, "description": "Asks the visitor", "parametersSchema": {"type": "object"}, "origin": "sdk"}
# What comes of the requests below.
_TALLY = Counter(sessions=1, paused=3, messages=2, repeated=1, execution_not_paused=6)
Events = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ToolPage(Visitor):
    """In a session that has said nothing yet, with a client token of its own."""

    def use_tools(self) -> None:
        """Three messages, whose answers wait for the page. Then the owner reads the conversation."""
        texts: list[str] = []
        offer: dict[str, Any] = {"clientTools": [_TOOL], "clientToolsFingerprint": "soak"}
        for text, go_on in (("Once", self._once), ("Twice", self._twice), ("Never", self._never)):
            messages = [{"id": f"usr_{text}", "role": "user", "content": text}]
            calls = _calls(self._stream("pause", "chat", {"messages": messages} | offer, "await"))
            if len(calls) != model.CALLS:
                self.ledger.wrong(f"pause: {len(calls)} calls instead of {model.CALLS}")
                return
            self.ledger.message(self.token_id, self.conversation_id)
            texts += [text, "\n\n".join([model.BEFORE, *go_on(calls)])]
            # A late copy.
            self._resume_at_once("resume", calls, {model.TOOL: "Late"}, 409)
            self._cancel(calls, 409)
            # The service has kept the tools of this session.
            offer.pop("clientTools", None)
        found = self.client.manage("read", f"GET /v1/conversations/{self.conversation_id}", None, {200})
        if found and [one["content"] for one in found["messages"]] != texts:
            self.ledger.wrong("read: not what was said with tools")
        if self.ledger.tallies[self.token_id] != _TALLY:
            self.ledger.wrong(f"tools: {dict(self.ledger.tallies[self.token_id])} instead of {dict(_TALLY)}")

    def _once(self, calls: Events) -> list[str]:
        """Reports all outputs, and reads the rest of the answer as a stream."""
        outputs = {call["toolCallId"]: text for call, text in zip(calls, ("Green", "Black"), strict=True)}
        rest = self._stream("resume", "resume", _report(calls, outputs))
        return [self._compared(rest, model.answer("Green", "Black"))]

    def _twice(self, calls: Events) -> list[str]:
        """Reports one output by its call's id, and the other by its tool's name."""
        one, other = (call["toolCallId"] for call in calls)
        part = self._resume_at_once("resume in part", calls, {one: "Green"}, 200)
        if [call["toolCallId"] for call in _calls(part)] != [other]:
            self.ledger.wrong("resume in part: does not wait for the other call")
        rest = self._resume_at_once("resume", calls, {model.TOOL: "Black"}, 200)
        return [self._compared(rest, model.answer("Green", "Black"))]

    def _never(self, calls: Events) -> list[str]:
        canceled = self._cancel(calls, 200)
        if canceled and not canceled["accepted"]:
            self.ledger.wrong("cancel: not accepted, though the answer waits")
        return []

    def _cancel(self, calls: Events, expected: int) -> Any:
        path = f"/v1/client/conversations/{self.conversation_id}/executions/{calls[0]['executionId']}/cancel"
        return self.ask("cancel", f"POST {path}", expected=expected)

    def _stream(
        self, operation: str, endpoint: str, body: Mapping[str, Any], last: str = "execution_complete"
    ) -> Events:
        body = {"sessionId": self.session_id, **body}
        return self.client.stream(operation, endpoint, body, {200}, self.token_id, last=last) or []

    def _resume_at_once(self, operation: str, calls: Events, outputs: Mapping[str, str], expected: int) -> Events:
        """The rest of the answer comes as one JSON object."""
        body = {"sessionId": self.session_id, "streamResponse": False, **_report(calls, outputs)}
        rest = self.client.visit(operation, "resume", body, {expected}, token_id=self.token_id)
        if rest and rest["status"] != ("paused" if _calls(rest["events"]) else "completed"):
            self.ledger.wrong(f"{operation}: {rest['status']} is not what the events say")
        return rest["events"] if rest else []

    def _compared(self, rest: Events, expected: str) -> str:
        if text_of(rest) != expected:
            self.ledger.wrong(f"resume: not the answer to the outputs, but {text_of(rest)[:100]}")
        return expected


def _report(calls: Events, outputs: Mapping[str, str]) -> dict[str, Any]:
    return {"executionId": calls[0]["executionId"], "toolOutputs": outputs}


def _calls(events: Events) -> Events:
    return [event for event in events if event["type"] == "await"]
