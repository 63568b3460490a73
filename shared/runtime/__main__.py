"""A runtime client for functions that stream, which Lambda's own client for Python cannot do.

A handler returns `(head, parts)`: the status and the headers of the response, and an iterator of its body's parts.
What it raises before the first part fails the invocation; API Gateway then sends its own 5xx. `sam local` cannot
stream: there the response goes out in one piece.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

from shared.runtime import error_reports
from shared.runtime.api import RuntimeApi, RuntimeApiFailed
from shared.runtime.invocation import Context, Invocation

Head = Mapping[str, Any]
Handler = Callable[[Any, Context], tuple[Head, Iterable[bytes]]]


def main() -> None:
    # Lambda may end the process at any time, and a buffer with it.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    handler = _load(os.environ["_HANDLER"], api)
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        api.wait_for_restore()
        # Otherwise, every copy of the snapshot would draw the same pauses before its retries.
        random.seed()
    while True:
        invocation = api.next()
        os.environ["_X_AMZN_TRACE_ID"] = invocation.trace
        try:
            _serve(api, handler, invocation)
        except RuntimeApiFailed as failed:
            print(failed)  # noqa: T201 - stdout is Lambda's log


def _load(name: str, api: RuntimeApi) -> Handler:
    """Reports what goes wrong at import, and exits."""
    module, _, function = name.rpartition(".")
    try:
        handler: Handler = getattr(import_module(module), function)
    except Exception as error:  # noqa: BLE001 - whatever it is
        reported = error_reports.at_import(error)
        error_reports.show(reported)
        try:
            api.report_init_error(reported)
        except RuntimeApiFailed as failed:
            print(failed)  # noqa: T201
        sys.exit(1)
    return handler


def _serve(api: RuntimeApi, handler: Handler, invocation: Invocation) -> None:
    """Raises RuntimeApiFailed, once the handler has run to its end."""
    is_whole = os.environ.get("AWS_SAM_LOCAL") == "true"
    try:
        head, body = handler(invocation.event, invocation.context)
        parts = iter(body)
        first = b"".join(parts) if is_whole else next(parts, b"")
    except Exception as error:  # noqa: BLE001 - whatever it is
        reported = error_reports.at_invocation(error)
        error_reports.show(reported)
        api.report_error(invocation, reported)
        return
    if is_whole:
        api.respond(invocation, {**head, "body": first.decode()})
    else:
        _stream(api, invocation, head, first, parts)


def _stream(api: RuntimeApi, invocation: Invocation, head: Head, first: bytes, parts: Iterator[bytes]) -> None:
    response = api.stream(invocation, head, first)
    reported = None
    try:
        for part in parts:
            response.send(part)
    except Exception as error:  # noqa: BLE001 - whatever it is
        reported = error_reports.at_invocation(error)
        error_reports.show(reported)
    response.end(reported)


if __name__ == "__main__":
    main()
