"""An execution that pauses while the page runs its tools, and goes on with their outputs: steps of a turn.

No invocation holds a paused turn. To go on, one has to take it over in the store first, as for any other attempt.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.errors import Conflict, Gone, NotFound, TooManyRequests
from shared.rules import turn
from shared.rules.answer import Ending, ToolCalls, Usage
from shared.rules.client_tools import Step
from shared.rules.execution_id import ExecutionId
from shared.rules.target_request import PageInput
from shared.rules.turn import Lease, Pause, Turn

# Each invokes the target, too, and none is paid for.
RESUMES_MAX = 20
# How long a page may take, with or without its visitor.
_PAUSE = timedelta(minutes=15)
# Models read the ids of calls, so they hold only a part of the secret, which tells executions apart.
_CALL_SECRET = 8


def paused(held: Turn, page_input: PageInput, text: str, called: ToolCalls, at: datetime) -> Turn:
    """The target waits for outputs of the page's tools. `page_input`: its input. `text`: said before the calls."""
    number = len(page_input.steps)
    prefix = f"call_{held.secret[:_CALL_SECRET]}_{number}"
    calls = tuple(call._replace(id=f"{prefix}_{index}") for index, call in enumerate(called.calls))
    steps = (*page_input.steps, Step(text=text, calls=calls, usage=called.usage))
    kept = replace(page_input, attachments=(), tools=(), steps=steps)
    return replace(turn.given_back(held), pause=Pause(kept, at + _PAUSE))


def may_pause(held: Turn) -> bool:
    """Otherwise, the answer ends with the text so far."""
    return held.resumes < RESUMES_MAX


def go_on(stored: Turn, wanted: ExecutionId, outputs: Mapping[str, Any], own: Lease, at: datetime) -> Turn:
    """The turn with outputs that a page reports. The store has to take it over first.

    It is leased if no call is pending any more, else paused again. Raises InvalidRequest if the outputs are for no
    call, NotFound for another execution, Conflict if it is not paused, Gone if the conversation was deleted or the
    pause has ended, and TooManyRequests after too many resumes.
    """
    pause = _require_paused(stored, wanted, at)
    if stored.resumes >= RESUMES_MAX:
        sentence = "This message could not be answered. Please write another one."
        raise TooManyRequests(sentence, code="resumes_exhausted", hint=sentence)
    *before, last = pause.page_input.steps
    steps = (*before, last.with_outputs(outputs))
    taken = replace(
        stored, lease=own, resumes=stored.resumes + 1, pause=Pause(replace(pause.page_input, steps=steps), pause.until)
    )
    return turn.given_back(taken) if taken.pending else taken


def canceled(stored: Turn, wanted: ExecutionId, own: Lease, at: datetime) -> Turn | None:
    """The turn of a paused execution with the text so far as its reply. None while an invocation is at work.

    Raises NotFound for another execution, and Conflict if this one is over.
    """
    if stored.lease is None or not hmac.compare_digest(stored.secret, wanted.secret):
        raise unknown()
    if stored.reply is None and at < stored.lease.until:
        return None
    if stored.reply or stored.pause is None or at >= stored.pause.until:
        raise not_paused()
    ended = turn.answered(stored, stored.execution_id, "", Ending(usage=Usage(input_tokens=0, output_tokens=0)))
    return turn.given_back(replace(ended, lease=own))


def asked_with(held: Turn) -> PageInput:
    """What the target is asked with again after a pause."""
    if held.pause is None:
        raise ValueError("this turn has not paused")
    return held.pause.page_input


def _require_paused(stored: Turn, wanted: ExecutionId, at: datetime) -> Pause:
    if stored.lease is None:
        raise Gone
    if not hmac.compare_digest(stored.secret, wanted.secret):
        raise unknown()
    if stored.reply or stored.pause is None or at < stored.lease.until:
        raise not_paused()
    if at >= stored.pause.until:
        raise expired()
    return stored.pause


def unknown() -> NotFound:
    """The same error for an execution of another conversation, and for one that never was."""
    return NotFound("This answer does not exist.", code="execution_not_found")


def not_paused() -> Conflict:
    return Conflict("This answer is not waiting for the page.", code="execution_not_paused")


def expired() -> Gone:
    return Gone(
        "The assistant has stopped waiting. Please send your message again.",
        code="execution_expired",
        hint=f"An answer waits {_PAUSE // timedelta(minutes=1)} minutes for the outputs of the page's tools.",
    )
