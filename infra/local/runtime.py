"""A stand-in for awslambdaric where it cannot be installed: a client of the Runtime API in plain Python."""

from __future__ import annotations

import http.client
import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class _RuntimeApi:
    """Lambda's Runtime API, possibly below a path."""

    def __init__(self, address: str) -> None:
        server, slash, path = address.partition("/")
        self._connection = http.client.HTTPConnection(server)
        self._base = f"{slash}{path}/2018-06-01/runtime"

    def get(self, call: str) -> http.client.HTTPResponse:
        self._connection.request("GET", self._base + call)
        return self._connection.getresponse()

    def post(self, call: str, body: str) -> None:
        self._connection.request("POST", self._base + call, body.encode())
        self._connection.getresponse().read()


@dataclass(frozen=True, slots=True)
class Context:
    """The fields of Lambda's context object."""

    aws_request_id: str
    invoked_function_arn: str
    function_name: str
    function_version: str
    memory_limit_in_mb: str
    log_group_name: str
    log_stream_name: str
    deadline: float

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - time.time()) * 1000))


def main(handler_name: str) -> None:
    # As in Lambda, output is flushed before the function ends, however it ends.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    api = _RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        module, _, name = handler_name.rpartition(".")
        handler = getattr(importlib.import_module(module), name)
    except Exception as error:  # noqa: BLE001 - whatever goes wrong at import is reported to the stack
        api.post("/init/error", _report(error))
        sys.exit(1)
    while True:
        response = api.get("/invocation/next")
        event = json.loads(response.read())
        context = _context(dict(response.headers))
        try:
            answer = json.dumps(handler(event, context))
        except Exception as error:  # noqa: BLE001 - so is whatever the handler raises
            api.post(f"/invocation/{context.aws_request_id}/error", _report(error))
        else:
            api.post(f"/invocation/{context.aws_request_id}/response", answer)


def _context(headers: Mapping[str, str]) -> Context:
    return Context(
        aws_request_id=headers["Lambda-Runtime-Aws-Request-Id"],
        invoked_function_arn=headers["Lambda-Runtime-Invoked-Function-Arn"],
        function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        function_version=os.environ["AWS_LAMBDA_FUNCTION_VERSION"],
        memory_limit_in_mb=os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
        log_group_name=os.environ["AWS_LAMBDA_LOG_GROUP_NAME"],
        log_stream_name=os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
        deadline=int(headers["Lambda-Runtime-Deadline-Ms"]) / 1000,
    )


def _report(error: Exception) -> str:
    """In the format of awslambdaric. The traceback goes where the function prints."""
    report: dict[str, Any] = {"errorType": type(error).__name__, "errorMessage": str(error)}
    traceback.print_exception(error)
    return json.dumps(report)
