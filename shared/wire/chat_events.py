"""The response to a chat request as the server-sent events that the widget and the SDK expect, while they come."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.errors import ApiError
from shared.rules import timestamps
from shared.rules.answer import Ending, Piece, SuggestedReply, ToolCall, ToolCalls
from shared.wire.coalescing import coalesce

_ROLE = {"role": "assistant"}
# Of an answer that goes on after a pause, later events have higher numbers. No stream has as many.
_SEQ_PER_ITERATION = 10**6
# The widget shows the parameters of this tool as buttons, and calls nobody.
_SUGGESTIONS = "suggest_replies"


class ChatEvents:
    """The events of one answer, as text. LF framing; the last event too ends with a blank line, or it is lost.

    Every stream has an end event, also after a failure: without one the page waits forever. Only one that ends with
    calls of the page's tools has none: the page resumes it. `iteration`: from 2 after a pause. `clock`: in seconds.
    """

    def __init__(
        self,
        execution_id: str,
        target_id: str,
        *,
        started_at: datetime,
        clock: Callable[[], float],
        iteration: int = 1,
    ) -> None:
        self._execution_id = execution_id
        self._target_id = target_id
        self._started_at = started_at
        self._clock = clock
        self._began = clock()
        self._iteration = iteration
        self._turn = {"id": f"turn_{iteration}", "iteration": iteration} | _ROLE
        self._block = {"id": f"text_{iteration}"}
        self._seq = (iteration - 1) * _SEQ_PER_ITERATION
        self._texts: list[str] = []
        self._is_complete = False

    def stream(self, pieces: Iterator[Piece], seconds_left: Callable[[], float] | None = None) -> Iterator[str]:
        """`pieces`: an answer's text as it comes, and its end. What they raise goes through: see `failed`.

        `seconds_left`: until Lambda ends this invocation. Raises TargetTimedOut shortly before.
        The last event goes out with the end, and does not wait for what follows it.
        """
        for piece in coalesce(pieces, self._clock, seconds_left):
            match piece:
                case Ending():
                    yield self._completion(piece)
                case ToolCalls():
                    yield self._pause(piece)
                case text:
                    yield self._delta(text)

    def _completion(self, ending: Ending) -> str:
        # A bubble needs a delta.
        bubble = "" if self._texts else self._delta("")
        self._is_complete = True
        completed = self._now()
        turn = self._turn | {"stopReason": ending.stop_reason, "completedAt": completed}
        return (
            bubble
            + self._text_complete()
            + self._suggestions(ending.suggestions)
            + self._frame("turn_complete", turn)
            + self._frame("execution_complete", {"kind": "agent", "success": True, "completedAt": completed})
        )

    def _pause(self, called: ToolCalls) -> str:
        begun = self._text_complete() if self._texts else self._opening()
        self._is_complete = True
        return begun + "".join(map(self._call, called.calls))

    def _call(self, call: ToolCall) -> str:
        common = {"toolCallId": call.id, "toolName": call.name, "parameters": call.parameters}
        waiting = {"origin": call.origin, "awaitedAt": self._now()}
        return self._frame("tool_start", common | {"toolType": "local"}) + self._frame("await", common | waiting)

    def failed(self, error: ApiError) -> str:
        """Ends a stream that has begun. The page shows no error of a stream, so a sentence says it in the answer.

        Empty if the answer is complete: then the stream has ended.
        """
        if self._is_complete:
            return ""
        sentence = self._delta(f"\n\n{error.message}" if self._texts else error.message)
        reported = {"kind": "agent", "error": {"code": error.code, "message": error.message}}
        return sentence + self._text_complete() + self._frame("execution_error", reported)

    def _delta(self, text: str) -> str:
        """With the events that open an answer, if it is the first."""
        opening = "" if self._texts else self._opening() + self._frame("text_start", self._block | _ROLE)
        self._texts.append(text)
        return opening + self._frame("text_delta", self._block | {"delta": text})

    def _opening(self) -> str:
        started = {"kind": "agent", "agentId": self._target_id, "startedAt": timestamps.to_text(self._started_at)}
        # Only once per execution.
        execution = self._frame("execution_start", started) if self._iteration == 1 else ""
        return execution + self._frame("turn_start", self._turn)

    def _now(self) -> str:
        return timestamps.to_text(self._started_at + timedelta(seconds=self._clock() - self._began))

    def _suggestions(self, suggestions: Sequence[SuggestedReply]) -> str:
        if not suggestions:
            return ""
        shown = [{name: text for name, text in one._asdict().items() if text} for one in suggestions]
        call = {"toolCallId": f"suggestions_{self._execution_id}", "toolName": _SUGGESTIONS}
        parameters = {"toolType": "local", "parameters": {"suggestions": shown}}
        return self._frame("tool_start", call | parameters) + self._frame("tool_complete", call | {"success": True})

    def _text_complete(self) -> str:
        return self._frame("text_complete", self._block | {"text": "".join(self._texts)})

    def _frame(self, kind: str, payload: dict[str, Any]) -> str:
        self._seq += 1
        data = {"type": kind, "executionId": self._execution_id, "seq": self._seq} | payload
        return f"event: {kind}\ndata: {json.dumps(data)}\n\n"
