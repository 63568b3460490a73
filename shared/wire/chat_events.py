"""The response to a chat request as the server-sent events that the widget and the SDK expect, while they come."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from shared.errors import ApiError
from shared.rules import timestamps
from shared.rules.answer import Ending, SuggestedReply
from shared.wire.coalescing import coalesce

_TURN = {"id": "turn_1", "iteration": 1, "role": "assistant"}
_BLOCK = {"id": "text_1"}
# The widget shows the parameters of this tool as buttons, and calls nobody.
_SUGGESTIONS = "suggest_replies"


class ChatEvents:
    """The events of one answer, as text. LF framing; the last event too ends with a blank line, or it is lost.

    Every stream has an end event, also after a failure: without one the page waits forever. `clock`: in seconds.
    """

    def __init__(
        self,
        execution_id: str,
        target_id: str,
        *,
        started_at: datetime,
        clock: Callable[[], float],
    ) -> None:
        self._execution_id = execution_id
        self._target_id = target_id
        self._started_at = started_at
        self._clock = clock
        self._began = clock()
        self._seq = 0
        self._texts: list[str] = []
        self._is_complete = False

    def stream(self, pieces: Iterator[str | Ending]) -> Iterator[str]:
        """`pieces`: an answer's text as it comes, and its Ending. What they raise goes through: see `failed`.

        The last event goes out with the Ending, and does not wait for what follows it.
        """
        for piece in coalesce(pieces, self._clock):
            yield self._completion(piece) if isinstance(piece, Ending) else self._delta(piece)

    def _completion(self, ending: Ending) -> str:
        # A bubble needs a delta.
        bubble = "" if self._texts else self._delta("")
        self._is_complete = True
        completed = timestamps.to_text(self._started_at + timedelta(seconds=self._clock() - self._began))
        turn = _TURN | {"stopReason": ending.stop_reason, "completedAt": completed}
        return (
            bubble
            + self._text_complete()
            + self._suggestions(ending.suggestions)
            + self._frame("turn_complete", turn)
            + self._frame("execution_complete", {"kind": "agent", "success": True, "completedAt": completed})
        )

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
        opening = "" if self._texts else self._opening()
        self._texts.append(text)
        return opening + self._frame("text_delta", _BLOCK | {"delta": text})

    def _opening(self) -> str:
        started = timestamps.to_text(self._started_at)
        return (
            self._frame("execution_start", {"kind": "agent", "agentId": self._target_id, "startedAt": started})
            + self._frame("turn_start", _TURN)
            + self._frame("text_start", _BLOCK | {"role": "assistant"})
        )

    def _suggestions(self, suggestions: Sequence[SuggestedReply]) -> str:
        if not suggestions:
            return ""
        shown = [{name: text for name, text in asdict(one).items() if text} for one in suggestions]
        call = {"toolCallId": f"suggestions_{self._execution_id}", "toolName": _SUGGESTIONS}
        parameters = {"toolType": "local", "parameters": {"suggestions": shown}}
        return self._frame("tool_start", call | parameters) + self._frame("tool_complete", call | {"success": True})

    def _text_complete(self) -> str:
        return self._frame("text_complete", _BLOCK | {"text": "".join(self._texts)})

    def _frame(self, kind: str, payload: dict[str, Any]) -> str:
        self._seq += 1
        data = {"type": kind, "executionId": self._execution_id, "seq": self._seq} | payload
        return f"event: {kind}\ndata: {json.dumps(data)}\n\n"
