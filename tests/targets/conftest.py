"""Lambda and Bedrock on loopback: a real server that speaks their REST protocols, and answers as a test says."""

import json
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from urllib.parse import unquote

import pytest

from infra.local import access
from shared.rules.answer import Ending, ToolCall
from shared.rules.client_tools import ClientTool, Step
from shared.rules.target import KINDS, Target
from shared.rules.target_request import Message, TargetRequest
from shared.targets import answering
from tests.aws import event_stream, verification
from tests.aws.test_client import aws as aws  # noqa: PLC0414 - a fixture
from tests.aws.test_client import close
from tests.targets import loopback

NOON = datetime(2027, 1, 31, 12, tzinfo=UTC)
MESSAGES = (
    Message(id="usr_1", role="user", text="Hello", at=NOON),
    Message(id="ast_1", role="assistant", text="Hi there", at=NOON + timedelta(milliseconds=1)),
    Message(id="usr_2", role="user", text="Do you sell tea? 🍵", at=NOON + timedelta(minutes=1)),
)

ASK = ClientTool("ask", "Asks", {"type": "object", "properties": 5})
ASKED = Step("", (ToolCall("ask", {}, id="call_1"),), {"call_1": "Green"})


@dataclass(frozen=True)
class Asked:
    path: str
    headers: dict
    body: dict
    client: tuple


@dataclass
class Aws:
    """`asked`: what came in. `rejected`: what AWS would have refused. `says(...)`: what goes out from then on."""

    asked: list = field(default_factory=list)
    rejected: list = field(default_factory=list)
    is_silent: bool = False
    test_is_over: threading.Event = field(default_factory=threading.Event)
    # Where the response breaks off: the number of bytes of its body. None: nowhere.
    breaks_after: int | None = None
    # Waits before each part of the body, from this one on.
    before_part: threading.Semaphore | None = None
    withholds_from: int = 1

    def says(self, body, status=200, **headers):
        """A body that is bytes is sent as it is, any other as JSON; `headers` with _ for -."""
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status, self.headers = status, {name.replace("_", "-"): value for name, value in headers.items()}

    def streams(self, *parts):
        """`parts`: of a body, each sent in a chunk of its own, however many events it holds."""
        self.says(b"", Content_Type="application/vnd.amazon.eventstream")
        self.body = parts

    def function_writes(self, *chunks, error="", details=""):
        """As a function that streams, or returns at once, if there is one chunk."""
        complete = {"ErrorCode": error, "ErrorDetails": details} if error else {}
        events = [event_stream.event("PayloadChunk", chunk) for chunk in chunks]
        self.streams(*events, event_stream.event("InvokeComplete", complete))

    def function_returns(self, value):
        self.function_writes(value if isinstance(value, bytes) else json.dumps(value).encode())

    def refuses(self, code, status):
        message = "User: arn:aws:sts::123456789012:assumed-role/secret-role is not authorized"
        self.says({"message": message}, status, X_Amzn_ErrorType=code)

    def says_nothing(self):
        self.is_silent = True


class _Handler(loopback.Handler):
    def do_POST(self):  # noqa: N802 - http.server's name for it
        given = self.server.aws
        body = self.rfile.read(int(self.headers["Content-Length"]))
        service = "lambda" if "/functions/" in self.path else "bedrock-runtime"
        url = f"http://{self.headers['Host']}{self.path}"
        if rejected := verification.check(service, access.REGION, url, dict(self.headers), body):
            given.rejected.append(rejected)
        given.asked.append(Asked(unquote(self.path), dict(self.headers), json.loads(body), self.client_address))
        if given.is_silent:
            given.test_is_over.wait()
            self.close_connection = True
            return
        self.send_response(given.status)
        for name, value in given.headers.items():
            self.send_header(name, value)
        if isinstance(given.body, tuple):
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.send_chunks(given.body, given)
            return
        self.send_header("Content-Length", str(len(given.body)))
        self.end_headers()
        self.wfile.write(given.body)


@pytest.fixture
def aws_on_loopback(monkeypatch):
    """What the kinds' clients reach, created as in a new process."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.aws = Aws()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    # Other tests have imported names of these modules, so the very same modules must be back after this one.
    before = _forget_kinds()
    yield server.aws
    _forget_kinds()
    sys.modules.update(before)
    server.aws.test_is_over.set()
    server.shutdown()
    server.server_close()
    assert server.aws.rejected == []


def _forget_kinds():
    """Returns the modules that were loaded, by name."""
    names = [name for kind in KINDS if (name := f"shared.targets.{kind}") in sys.modules]
    forgotten = {name: sys.modules.pop(name) for name in names}
    for module in forgotten.values():
        if hasattr(module, "_client") and module._client.cache_info().currsize:
            close(module._client())
            module._client.cache_clear()
    return forgotten


@pytest.fixture
def target_request():
    """`question(text=...)` or, for other than its last message, by the fields of Question."""

    def ask(text=MESSAGES[-1].text, *, before=MESSAGES[:-1], **fields):
        message = Message(id="usr_2", role="user", text=text, at=MESSAGES[-1].at)
        given = {
            "conversation_id": "conv_1",
            "token_id": "ct_1",
            "environment": "live",
            "target_id": "agent_sales",
            "pin_to_version": "latest",
            "target_alias": None,
            "target_version_id": None,
            "message": message,
            "history": lambda: [*before, message],
            # A deadline in the middle of a test's patience.
            "seconds_left": countdown(),
        }
        return TargetRequest(**given | fields)

    return ask


def countdown(seconds=5.0):
    """`request.seconds_left`, for a deadline this many seconds from now."""
    deadline = time.monotonic() + seconds
    return lambda: deadline - time.monotonic()


def collect(said, pieces):
    """What came before a failure, too."""
    for piece in pieces:
        said.append(piece)


@pytest.fixture
def stream(target_request):
    """`stream("echo", settings, text=...)`: yields what a target of this kind, with these settings, answers."""

    def stream(kind, settings, **fields):
        target = Target(id="agent_sales", tenant="acme", kind=kind, settings=settings, created_at=NOON)
        return answering.answer(target, target_request(**fields))

    return stream


@pytest.fixture
def answer(stream):
    """As `stream`: the whole text."""

    def answer(kind, settings, **fields):
        *pieces, ending = stream(kind, settings, **fields)
        assert isinstance(ending, Ending)
        return "".join(pieces)

    return answer
