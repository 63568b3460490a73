"""A small server that speaks OpenAI's chat completions, as documented and as its lookalikes do.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import pytest

from shared.http import endpoint as public


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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
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
        sent = 0
        for number, part in enumerate(parts):
            if part is None:
                endpoint.test_is_over.wait()
                self.close_connection = True
                return
            if endpoint.before_part and number >= endpoint.withholds_from:
                endpoint.before_part.acquire()
            if endpoint.breaks_after is not None and sent + len(part) > endpoint.breaks_after:
                self.wfile.write(b"%x\r\n%b" % (len(part), part[: endpoint.breaks_after - sent]))
                self.close_connection = True
                return
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
            sent += len(part)
        self.wfile.write(b"0\r\n\r\n")

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except ConnectionError:
            # The client has given up.
            self.close_connection = True

    def log_message(self, *_):
        """A test says itself what it found."""
