"""Makes the AWS calls of a function through boto3, with the same parameters, and ignores the responses."""

from __future__ import annotations

import base64
import http.client
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3


def _parameters(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    # boto3 generates a new one for each call.
    request.pop("ClientRequestToken", None)
    if operation == "GenerateMac":
        request["Message"] = base64.b64decode(request["Message"])
    return request


_recorded = json.loads(Path(os.environ["BENCH_CALLS"]).read_text(encoding="utf-8"))
_clients = {service: boto3.client(service) for service in sorted({call["service"] for call in _recorded})}
_METHODS = {
    "BatchGetItem": "batch_get_item",
    "BatchWriteItem": "batch_write_item",
    "DeleteItem": "delete_item",
    "GenerateMac": "generate_mac",
    "GetItem": "get_item",
    "Invoke": "invoke",
    "PutItem": "put_item",
    "Query": "query",
    "TransactWriteItems": "transact_write_items",
    "UpdateItem": "update_item",
}
_calls = [
    (getattr(_clients[call["service"]], _METHODS[call["operation"]]), _parameters(call["operation"], call["request"]))
    for call in _recorded
]


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    for call, parameters in _calls:
        call(**parameters)
    return {"statusCode": 200, "body": ""}


_target = http.client.HTTPConnection(os.environ.get("BENCH_TARGET", ""))


def stream(_event: dict[str, Any], _context: object) -> tuple[dict[str, Any], Iterator[bytes]]:
    """For a runtime client that streams: also passes on the words of a target that speaks chat completions."""
    for call, parameters in _calls:
        call(**parameters)
    return {"statusCode": 200, "headers": {"Content-Type": "text/event-stream"}}, _words()


def _words() -> Iterator[bytes]:
    body = json.dumps({"model": "words", "stream": True, "messages": [{"role": "user", "content": "Hello"}]})
    _target.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
    for line in _target.getresponse():
        if line.startswith(b"data: {"):
            delta = json.loads(line.removeprefix(b"data: "))["choices"][0]["delta"]
            if "content" in delta:
                yield f"event: text_delta\ndata: {json.dumps({'delta': delta['content']})}\n\n".encode()
