"""Functions that stream, through the local API: as API Gateway sends them, and as it breaks them off."""

import http.client
import json
import os
import queue
import socket
import threading

import pytest
from werkzeug.test import Client

from infra.local import code as places
from infra.local import http_server
from infra.local.api import Api, InvocationFailed
from infra.local.cloud import Function as Declared
from infra.local.functions import Functions
from infra.local.routes import Function, Route, Routes
from infra.local.template import ROOT
from tests.local.conftest import REFUSALS

WITHIN_SECONDS = 20
HEAD = json.dumps({"statusCode": 200, "headers": {"Content-Type": "text/event-stream"}}).encode()
START = HEAD + bytes(8)
HANDLERS = """
HEAD = {"statusCode": 200, "headers": {"Content-Type": "text/event-stream"}}

def from_pipe(event, context):
    def parts():
        with open(event["headers"]["x-pipe"], "rb") as lines:
            yield b"begun\\n"
            yield from lines
        print("stored")
    return HEAD, parts()

def fail_later(event, context):
    def parts():
        yield b"one"
        raise KeyError("who")
    return HEAD, parts()

def refuse(event, context):
    return {"statusCode": 429, "headers": {"Retry-After": "7"}}, [b'{"code": "rate_limited"}']

def crash(event, context):
    def parts():
        yield b"one"
        with open(event["headers"]["x-pipe"]) as lines:
            lines.read()
        import os
        os._exit(3)
    return HEAD, parts()

def hang(event, context):
    def parts():
        yield b"one"
        import threading
        threading.Event().wait()
    return HEAD, parts()
"""


def api_for(stream, timeout=20.0, log=lambda _: None):
    routes = Routes(
        "api", {"/chat": {"POST": Route("/chat", Function("Chat", streams=True, timeout=timeout), None)}}, REFUSALS
    )
    return Api(routes, lambda *_: None, stream, log=log)


def steps(*given):
    """What a function sends, step by step; an error is raised."""

    def stream(_function, _event):
        for step in given:
            if isinstance(step, Exception):
                raise step
            yield step

    return stream


class TestPrelude:
    @pytest.mark.parametrize("size", [1, 7, 4096])
    def test_prelude_may_come_in_pieces(self, size):
        sent = START + b"one\x00two"
        pieces = [sent[at : at + size] for at in range(0, len(sent), size)]
        answer = Client(api_for(steps(*pieces))).post("/chat")
        assert (answer.status_code, answer.data) == (200, b"one\x00two")
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert "Content-Length" not in answer.headers

    @pytest.mark.parametrize(
        "sent",
        [
            (),
            (HEAD,),
            (HEAD + bytes(7), b"body"),
            (b"{" + bytes(8),),
            (b"[]" + bytes(8),),
            (b'{"body": ""}' + bytes(8),),
            (b" " * 16_400 + START,),
            (json.dumps({"statusCode": 200, "body": "buffered"}).encode(),),
        ],
    )
    def test_malformed_prelude_is_an_integration_failure(self, sent):
        logged = []
        answer = Client(api_for(steps(*sent), log=logged.append)).post("/chat")
        assert (answer.status_code, answer.json["kind"]) == (502, "5XX")
        assert logged[0].startswith("Chat gave an answer that API Gateway refuses")

    def test_failure_before_the_prelude_is_an_integration_failure(self):
        assert Client(api_for(steps(InvocationFailed("KeyError: x")))).post("/chat").status_code == 502

    def test_504_when_the_prelude_is_late(self):
        never = queue.SimpleQueue()
        answer = Client(api_for(lambda *_: iter(never.get, None), timeout=0.05)).post("/chat")
        never.put(None)
        assert answer.status_code == 504

    def test_cookies_are_set(self):
        prelude = json.dumps({"statusCode": 200, "cookies": ["a=1", "b=2"]}).encode()
        answer = Client(api_for(steps(prelude + bytes(8)))).post("/chat")
        assert answer.headers.getlist("Set-Cookie") == ["a=1", "b=2"]


class Streaming:
    """A stack of streaming functions, one at a time, on a real socket."""

    def __init__(self, root, handler, timeout):
        (root / "functions").mkdir()
        (root / "functions/handlers.py").write_text(HANDLERS)
        (root / "shared").mkdir()
        (root / "shared/runtime").symlink_to(ROOT / "shared/runtime")
        (root / "shared/log.py").write_text("def fault(*_, **__): ...")
        (root / "infra").symlink_to(ROOT / "infra")
        self.lines, self.logged, self.answers = queue.SimpleQueue(), [], []
        environment = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/stream"}
        declared = {
            "Chat": Declared(
                "local-chat", "arn:chat", f"handlers.{handler}", timeout, memory=512, environment=environment
            )
        }
        self.functions = Functions(
            declared, places.source(root), "http://127.0.0.1:1", lambda _name, line: self.lines.put(line)
        )
        self.listener = socket.create_server(("127.0.0.1", 0))
        api = api_for(self.functions.stream, log=self.logged.append)
        self.requests = queue.SimpleQueue()
        self.server = http_server.serve(self.listener, api, self.requests.put)

    def post(self, **headers):
        connection = http.client.HTTPConnection(*self.listener.getsockname(), timeout=WITHIN_SECONDS)
        connection.request("POST", "/chat", headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        self.answers.append(answer)
        return answer

    def stop(self):
        for answer in self.answers:
            answer.close()
        self.server.shutdown()
        self.server.server_close()
        self.functions.stop()
        self.listener.close()


@pytest.fixture
def serve(tmp_path):
    started = []

    def start(handler, timeout=20):
        started.append(Streaming(tmp_path, handler, timeout))
        return started[0]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


class TestFunction:
    def test_each_part_arrives_before_the_next_is_generated(self, serve, pipe):
        stack = serve("from_pipe")
        opened = threading.Thread(target=lambda: writers.put(pipe.open("wb", buffering=0)))
        writers = queue.SimpleQueue()
        opened.start()
        answer = stack.post(X_Pipe=str(pipe))
        assert answer.status == 200
        assert answer.readline() == b"begun\n"
        with writers.get(timeout=WITHIN_SECONDS) as writer:
            for word in (b"one\n", b"two\n"):
                writer.write(word)
                assert answer.readline() == word
            assert stack.requests.empty()
        assert answer.read() == b""
        # The line has the time of the whole stream.
        assert stack.requests.get(timeout=WITHIN_SECONDS).startswith("POST /chat 200 in ")
        opened.join()

    def test_function_runs_to_its_end_when_the_client_leaves(self, serve, pipe):
        stack = serve("from_pipe")
        writers = queue.SimpleQueue()
        opened = threading.Thread(target=lambda: writers.put(pipe.open("wb", buffering=0)))
        opened.start()
        answer = stack.post(X_Pipe=str(pipe))
        answer.readline()
        answer.close()
        with writers.get(timeout=WITHIN_SECONDS) as writer:
            for _ in range(50):
                writer.write(b"more\n")
        assert stack.lines.get(timeout=WITHIN_SECONDS) == "stored"
        opened.join()

    def test_error_keeps_its_status_headers_and_body(self, serve):
        answer = serve("refuse").post()
        assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
        assert json.loads(answer.read()) == {"code": "rate_limited"}

    @pytest.mark.parametrize(
        ("handler", "timeout", "why"),
        [
            ("fail_later", 20, "KeyError: "),
            ("hang", 0.5, "Task timed out after 0.50 seconds"),
        ],
    )
    def test_failure_in_the_middle_ends_the_body_without_its_last_chunk(self, serve, handler, timeout, why):
        stack = serve(handler, timeout)
        answer = stack.post()
        assert answer.status == 200
        with pytest.raises(http.client.IncompleteRead) as caught:
            answer.read()
        assert caught.value.partial == b"one"
        (logged,) = stack.logged
        assert logged.startswith(f"Chat failed in the middle of its response: {why}")

    def test_crash_in_the_middle_ends_the_body_without_its_last_chunk(self, serve, pipe):
        stack = serve("crash")
        answer = stack.post(X_Pipe=str(pipe))
        assert answer.read(3) == b"one"
        # The function waits for the end of what it reads here.
        pipe.open("wb").close()
        with pytest.raises(http.client.IncompleteRead):
            answer.read()
        assert stack.logged == ["Chat failed in the middle of its response: Runtime exited with status 3"]
