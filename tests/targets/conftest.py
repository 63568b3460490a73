"""Lambda and Bedrock on loopback: a real server that speaks their REST protocols, and answers as a test says."""

import json
import sys
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest

from infra.local import access
from shared.aws import client
from shared.rules.target import KINDS, Target
from shared.rules.target_request import Message, TargetRequest
from shared.targets import answering
from tests.aws import verification
from tests.aws.test_client import close

NOON = datetime(2027, 1, 31, 12, tzinfo=UTC)
MESSAGES = (
    Message(id="usr_1", role="user", text="Hello", at=NOON),
    Message(id="ast_1", role="assistant", text="Hi there", at=NOON + timedelta(milliseconds=1)),
    Message(id="usr_2", role="user", text="Do you sell tea? 🍵", at=NOON + timedelta(minutes=1)),
)


@dataclass(frozen=True)
class Asked:
    path: str
    headers: dict
    body: dict


@dataclass
class Aws:
    """`asked`: what came in. `rejected`: what AWS would have refused. `says(...)`: what goes out from then on."""

    asked: list = field(default_factory=list)
    rejected: list = field(default_factory=list)
    is_silent: bool = False
    test_is_over: threading.Event = field(default_factory=threading.Event)

    def says(self, body, status=200, **headers):
        """A body that is bytes is sent as it is, any other as JSON; `headers` with _ for -."""
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status, self.headers = status, {name.replace("_", "-"): value for name, value in headers.items()}

    def refuses(self, code, status):
        message = "User: arn:aws:sts::123456789012:assumed-role/secret-role is not authorized"
        self.says({"message": message}, status, X_Amzn_ErrorType=code)

    def says_nothing(self):
        self.is_silent = True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        aws = self.server.aws
        body = self.rfile.read(int(self.headers["Content-Length"]))
        service = "lambda" if "/functions/" in self.path else "bedrock-runtime"
        url = f"http://{self.headers['Host']}{self.path}"
        if rejected := verification.check(service, access.REGION, url, dict(self.headers), body):
            aws.rejected.append(rejected)
        aws.asked.append(Asked(unquote(self.path), dict(self.headers), json.loads(body)))
        if aws.is_silent:
            aws.test_is_over.wait()
            self.close_connection = True
            return
        self.send_response(aws.status)
        for name, value in aws.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(aws.body)))
        self.end_headers()
        self.wfile.write(aws.body)

    def log_message(self, *_):
        """A test says itself what it found."""


@pytest.fixture
def aws_on_loopback(monkeypatch):
    """What the kinds' clients reach, created as in a new process; they wait half a second instead of 24."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.aws = Aws()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(client, "ONE_LONG_ATTEMPT", client.ONE_LONG_ATTEMPT._replace(seconds=0.5))
    _forget_kinds()
    yield server.aws
    _forget_kinds()
    server.aws.test_is_over.set()
    server.shutdown()
    server.server_close()
    assert server.aws.rejected == []


def _forget_kinds():
    for kind in KINDS:
        module = sys.modules.pop(f"shared.targets.{kind}", None)
        for made in vars(module or object).values():
            if isinstance(made, client.Client):
                close(made)


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
        }
        return TargetRequest(**given | fields)

    return ask


@pytest.fixture
def answer(target_request):
    """`answer("echo", settings, text=...)`: what a target of this kind, with these settings, answers."""

    def answer(kind, settings, **fields):
        target = Target(id="agent_sales", tenant="acme", kind=kind, settings=settings, created_at=NOON)
        return answering.answer(target, target_request(**fields))

    return answer
