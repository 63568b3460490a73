"""Where our requests to AWS would leave this process: moto takes them, unless a test has something else to say.

It stands in the place of sockets, below our client, whose signatures and second attempts are the real ones.
"""

import contextlib
import io
import json
import socket
import threading
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import unquote

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto.core.models import botocore_stubber

from shared.aws import client

_SILENT, _OTHER_END = socket.socketpair()


class Request(NamedTuple):
    """`attempt`: 1, or more if our client sends it again. `operation`: empty where a service has no JSON protocol."""

    service: str
    operation: str
    path: str
    headers: dict
    parameters: dict
    attempt: int


class Answer(NamedTuple):
    status: int
    body: dict | bytes
    headers: dict = MappingProxyType({})

    @property
    def is_passing(self):
        kind = self.body.get("__type", "") if isinstance(self.body, dict) else ""
        return self.status >= 500 or kind.rpartition("#")[2] in client._PASSING


def refusal(code, message="simulated", status=400, **more):
    """As AWS says no in its JSON protocol."""
    return Answer(status, {"__type": f"com.amazonaws.simulated#{code}", "message": message} | more)


class Network:
    """`before` a request leaves, its hooks may act, answer it, or raise what a socket raises; `after` its answer, too.

    A hook gets the Request, and afterwards the Answer.
    """

    def __init__(self, aws):
        self._aws = aws
        self.before = []
        self.after = []
        self._last = threading.local()

    @contextlib.contextmanager
    def hooked(self, before=None, after=None):
        for hooks, hook in ((self.before, before), (self.after, after)):
            if hook:
                hooks.append(hook)
        try:
            yield
        finally:
            for hooks, hook in ((self.before, before), (self.after, after)):
                if hook:
                    hooks.remove(hook)

    def exchange(self, path, headers, body):
        service, operation = headers["Host"].partition(".")[0], headers.get("X-Amz-Target", "").rpartition(".")[2]
        this = (operation, body)
        attempt = self._last.attempt + 1 if getattr(self._last, "to_be_sent_again", None) == this else 1
        is_last = not operation or attempt == client.PROMPT.attempts
        self._last.attempt, self._last.to_be_sent_again = attempt, None if is_last else this
        request = Request(service, operation, unquote(path), headers, json.loads(body), attempt)
        try:
            answer = next((given for hook in [*self.before] if (given := hook(request))), None)
            answer = answer or self._aws(f"https://{headers['Host']}{path}", headers, body)
            for hook in [*self.after]:
                hook(request, answer)
        except BaseException as error:
            if not isinstance(error, OSError):
                self._last.to_be_sent_again = None
            raise
        if not answer.is_passing:
            self._last.to_be_sent_again = None
        return answer

    def connection(self, _host, **_):
        return _Connection(self)


class _Connection:
    """What our client uses of http.client's."""

    def __init__(self, network):
        self._network = network
        # Connected to somebody who never says anything.
        self.sock = _SILENT

    def connect(self):
        pass

    def request(self, _method, path, body, headers):
        self._answer = self._network.exchange(path, headers, body)

    def getresponse(self):
        return _Response(self._answer)

    def close(self):
        pass


class _Response(io.BytesIO):
    will_close = False

    def __init__(self, answer):
        super().__init__(answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode())
        self.status = answer.status
        self.headers = answer.headers


def _moto(url, headers, body):
    sent = HTTPHeaders()
    for name, value in headers.items():
        sent[name] = value
    status, headers, answer = botocore_stubber.process_request(
        AWSPreparedRequest("POST", url, sent, body, stream_output=False)
    )
    try:
        return Answer(status, json.loads(answer), headers)
    except ValueError:
        return Answer(status, answer.encode(), headers)


NETWORK = Network(_moto)
