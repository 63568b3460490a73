"""The network between our AWS client and AWS: moto answers requests, unless a test does.

It replaces the sockets below our client, so signatures and retries are real. Requests that AWS would reject and moto
would accept are rejected here.
"""

import contextlib
import io
import json
import socket
import threading
import zlib
from email.message import Message
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import unquote

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto.core.models import botocore_stubber

from shared.aws import client
from tests.aws import verification

_SILENT, _OTHER_END = socket.socketpair()


class Request(NamedTuple):
    """`attempt`: more than 1 if our client retries. `operation`: empty if the service has no JSON protocol."""

    service: str
    operation: str
    path: str
    headers: dict
    parameters: dict
    attempt: int


class Answer(NamedTuple):
    """`then`: what a socket raises once the body has been read."""

    status: int
    body: dict | bytes
    headers: dict = MappingProxyType({})
    then: BaseException | None = None

    @property
    def is_transient(self):
        kind = self.body.get("__type", "") if isinstance(self.body, dict) else ""
        return self.status >= 500 or kind.rpartition("#")[2] in client._TRANSIENT


def refusal(code, message="simulated", status=400, **more):
    """An error response in AWS's JSON protocol."""
    return Answer(status, {"__type": f"com.amazonaws.simulated#{code}", "message": message} | more)


class Network:
    """Hooks in `before` may act before a request is sent, answer it, or raise socket errors. Hooks in `after` may act
    once it is answered.

    A hook gets the Request and, in `after`, also the Answer.
    """

    def __init__(self, aws):
        self._aws = aws
        # A function may mistake a rejection for an outage, so tests check this list instead of its response.
        self.rejected = []
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
        is_last = not operation or attempt == client.SHORT_ATTEMPTS.attempts
        self._last.attempt, self._last.to_be_sent_again = attempt, None if is_last else this
        request = Request(service, operation, unquote(path), headers, json.loads(body), attempt)
        try:
            answer = self._refused(request, path, body)
            answer = answer or next((given for hook in [*self.before] if (given := hook(request))), None)
            answer = answer or self._aws(f"https://{headers['Host']}{path}", headers, body)
            for hook in [*self.after]:
                hook(request, answer)
        except BaseException as error:
            if not isinstance(error, OSError):
                self._last.to_be_sent_again = None
            raise
        if not answer.is_transient:
            self._last.to_be_sent_again = None
        return answer

    def _refused(self, request, path, body):
        url = f"https://{request.headers['Host']}{path}"
        region = request.headers["Host"].split(".")[1]
        rejected = verification.check(request.service, region, url, request.headers, body)
        if rejected is None:
            return None
        self.rejected.append(f"{request.service} {request.operation or path}: {rejected.code}: {rejected.message}")
        return refusal(rejected.code, rejected.message)

    def connection(self, _host, **_):
        return _Connection(self)


class _Connection:
    """The part of http.client's connection that our client uses."""

    def __init__(self, network):
        self._network = network
        # Connected to a peer that never sends anything.
        self.sock = _SILENT
        # Reads from sockets until a deadline, and there are none here.
        self.response_class = None

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
    # Nothing is missing. Responses that break off are tested over real sockets.
    length = 0

    def __init__(self, answer):
        super().__init__(answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode())
        self.status = answer.status
        self._then = answer.then
        self.headers = Message()
        # A test may have changed what moto answered.
        crc32 = {"x-amz-crc32": str(zlib.crc32(self.getvalue()))} if "x-amz-crc32" in answer.headers else {}
        for name, value in {**answer.headers, **crc32}.items():
            self.headers[name] = value

    def read1(self, size=-1, /):
        data = super().read1(size)
        if self._then and not data:
            raise self._then
        return data


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
