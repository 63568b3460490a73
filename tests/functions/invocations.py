"""Calls handlers in this process as Lambda would call them. A function that streams gives its response in parts."""

import importlib
import json
from types import SimpleNamespace

from tests.aws.in_memory import STACK


def context(function, request_id=None):
    """Lambda's context object. No time passes in it."""
    milliseconds = int(STACK.functions[function].timeout * 1000)
    return SimpleNamespace(aws_request_id=request_id, get_remaining_time_in_millis=lambda: milliseconds)


def invoke(function, event, request_id=None):
    """The response, which is plain JSON. That of a function that streams is put together, as under `sam local`."""
    answer = _call(function, event, request_id)
    if isinstance(answer, tuple):
        head, parts = answer
        answer = {**head, "body": b"".join(parts).decode()}
    return json.loads(json.dumps(answer))


def stream(function, event):
    """The response in parts, as API Gateway gets them: the head, eight NUL bytes, and the body."""
    head, parts = _call(function, event)
    yield json.dumps(head).encode() + bytes(8)
    yield from parts


def _call(function, event, request_id=None):
    module, _, name = STACK.functions[function].handler.rpartition(".")
    handler = getattr(importlib.import_module(f"functions.{module}"), name)
    return handler(event, context(function, request_id))
