"""A small server that speaks OpenAI's chat completions, as documented and as its lookalikes do.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

import json
import threading
from http.server import ThreadingHTTPServer
from typing import NamedTuple

import pytest

from shared.http import endpoint as public
from tests.targets import loopback


class Asked(NamedTuple):
    path: str
    headers: dict
    body: dict
    client: tuple


def delta(content=None, finish_reason=None, **more):
    """One event, with the fields that servers send beside those that matter."""
    return data(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "tea-1",
            "choices": [
                {
                    "index": 0,
                    "delta": {} if content is None else {"content": content},
                    "logprobs": None,
                    "finish_reason": finish_reason,
                }
            ],
            "usage": None,
        }
        | more
    )


def usage(prompt_tokens=12, completion_tokens=3):
    return delta(
        choices=[],
        usage={
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    )


def data(value):
    return f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n".encode()


DONE = data("[DONE]")


def answer(*texts, finish_reason="stop"):
    """The whole stream of an answer, as OpenAI sends it."""
    role = delta(choices=[{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])
    return [role, *map(delta, texts), delta(finish_reason=finish_reason), usage(), DONE]


class Server:
    """`streams(...)` or `refuses(...)` say how it responds from then on. `asked`: what came in."""

    def __init__(self):
        self.asked, self.keys = [], None
        self.breaks_after = None
        # Waits before each part, from this one on.
        self.before_part, self.withholds_from = None, 2
        self.test_is_over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.endpoint = self
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def streams(self, *parts, content_type="text/event-stream; charset=utf-8"):
        self.status, self.content_type, self.parts = 200, content_type, parts

    def refuses(self, status, code=None, body=None, **headers):
        error = {"message": "Incorrect API key provided: sk-secret", "type": "invalid_request_error", "code": code}
        body = json.dumps({"error": error}).encode() if body is None else body
        self.status, self.content_type, self.parts, self.headers = status, "application/json", [body], headers

    def close(self):
        self.test_is_over.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def endpoint(monkeypatch):
    """The server, and HTTP to loopback, as on the local stack."""
    monkeypatch.setenv("LOOPBACK_TARGETS", "allowed")
    server = Server()
    server.streams(*answer("Yes, ", "we do."))
    yield server
    for connection, _ in public._idle.values():
        connection.close()
    public._idle.clear()
    server.close()


@pytest.fixture
def settings(endpoint):
    return {"base_url": endpoint.url, "model": "tea-1"}


class _Handler(loopback.Handler):
    def do_POST(self):  # noqa: N802 - http.server's name for it
        endpoint = self.server.endpoint
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        endpoint.asked.append(Asked(self.path, dict(self.headers), body, self.client_address))
        status, parts, content_type = endpoint.status, endpoint.parts, endpoint.content_type
        key = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if endpoint.keys is not None and key not in endpoint.keys:
            status, parts, content_type = 401, [b'{"error": {"code": "invalid_api_key"}}'], "application/json"
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in getattr(endpoint, "headers", {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.send_chunks(parts, endpoint)
