"""The end of an execution that waits for its page."""

from __future__ import annotations

from typing import TypedDict


class ExecutionCanceled(TypedDict):
    """Whether the execution ends now. One that is generating goes on to its end."""

    accepted: bool
    executionId: str


def cancellation(execution_id: str, *, is_accepted: bool) -> ExecutionCanceled:
    return {"accepted": is_accepted, "executionId": execution_id}
