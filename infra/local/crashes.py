"""Shows developers what crashed a handler.

The log of a deployment has an error's type and location, but not its message, which may quote a caller.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable


def show(write: Callable[[str], object] = print) -> None:
    """Writes the traceback of every fault that `shared.log` records from now on."""
    from shared import log  # noqa: PLC0415 - late, because a function's process has not found its layers before

    record = log.fault

    def fault(error: BaseException, *, operation: str, request_id: str) -> None:
        write("".join(traceback.format_exception(error)))
        record(error, operation=operation, request_id=request_id)

    log.fault = fault
