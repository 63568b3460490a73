"""How an error is reported to Lambda and printed for CloudWatch Logs."""

from __future__ import annotations

import traceback
from typing import Any


def at_import(error: Exception) -> dict[str, Any]:
    """With its message: nobody has sent anything yet, and it says which module or variable is missing."""
    return _reported(error, str(error))


def at_invocation(error: Exception) -> dict[str, Any]:
    """Without its message, which may quote what a visitor wrote."""
    return _reported(error, "The handler failed. Its location is in the log.")


def show(error: dict[str, Any]) -> None:
    """Prints an error as one log event: CloudWatch starts another at each line feed."""
    lines = [f"[ERROR] {error['errorType']}: {error['errorMessage']}", *error["stackTrace"]]
    print("\r".join(line for text in lines for line in text.splitlines()))  # noqa: T201 - stdout is Lambda's log


def _reported(error: Exception, message: str) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "errorType": type(error).__name__,
        "errorMessage": message,
        "stackTrace": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
