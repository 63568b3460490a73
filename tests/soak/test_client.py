"""The soak's caller notices an answer that is not whole."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from infra.tools.soak.client import Client
from infra.tools.soak.ledger import Ledger

DELTA = b'data: {"type": "text_delta", "delta": "Yes."}\n\n'
END = b'data: {"type": "execution_complete"}\n\n'
AWAIT = b'data: {"type": "await", "toolCallId": "call_1"}\n\n'
FAILED = b'data: {"type": "execution_error"}\n\n'


@pytest.fixture
def faults():
    """`faults(body)`: what a caller of chat finds wrong with it, and the text that it reads."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.server.body)

        def log_message(self, *_):
            """A test says itself what it found."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()

    def faults(body):
        ledger, server.body = Ledger(), body
        url = f"http://127.0.0.1:{server.server_port}"
        text = Client(url, "key", "127.0.0.1", ledger).chat("chat", {}, {200})
        return ledger.faults, text

    yield faults
    server.shutdown()
    server.server_close()


def test_whole_stream_is_no_fault(faults):
    assert faults(DELTA + END) == ([], "Yes.")


@pytest.mark.parametrize(
    ("body", "last"),
    [
        (DELTA, "{'type': 'text_delta', 'delta': 'Yes.'}"),
        (DELTA + FAILED, "{'type': 'execution_error'}"),
        (DELTA + AWAIT, "{'type': 'await', 'toolCallId': 'call_1'}"),
        (END + DELTA, "{'type': 'text_delta', 'delta': 'Yes.'}"),
        (b"", "nothing"),
    ],
)
def test_stream_without_its_end_event_is_a_fault(faults, body, last):
    found, _ = faults(body)
    assert found == [f"chat: the stream ended with {last}"]
