"""Calls AWS over persistent connections, and gives up before the caller does.

AWS's own library takes more time to load than everything else together, and four times as long for a call. Functions
need only this much of it: a signature, a persistent connection, and retries where they help.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import random
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.message import Message
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, urlsplit

from shared.aws import credentials
from shared.aws.credentials import NoCredentials
from shared.aws.signature import Scope, signed
from shared.http import deadline, tls
from shared.http.deadline import SecondsLeft
from shared.http.idle import is_dropped

# The domain of a partition, by how its regions begin (botocore/data/partitions.json). All others use one.
_DOMAINS = {
    "cn-": "amazonaws.com.cn", "eusc-": "amazonaws.eu", "eu-isoe-": "cloud.adc-e.uk", "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov", "us-isof-": "csp.hci.ic.gov",
}  # fmt: skip
_CONNECT_SECONDS = 1.0
_PAUSE_SECONDS = 0.05
_THROTTLING = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TooManyRequestsException",
}
_TRANSIENT = {
    *_THROTTLING,
    "ReplicatedWriteConflictException",
    # A single write, on an item that a transaction is writing. AWS's own libraries leave it to the application.
    "TransactionConflictException",
    "TransactionInProgressException",
}
ERROR_STATUS_MIN = 300
_SERVER_FAILED = 500
_Answer = TypeVar("_Answer")


class RetryPolicy(NamedTuple):
    """`attempts`: how often a request is sent at most. `seconds`: how long each attempt waits for its response."""

    attempts: int
    seconds: float


# 7.8 s at the worst, pauses included.
SHORT_ATTEMPTS = RetryPolicy(attempts=3, seconds=1.5)


class AwsError(Exception):
    """`operation`: as AWS calls it. The message may quote what a caller sent, so it is for operators only.

    `was_sent`: whether AWS may have got the request.
    """

    was_sent = True

    def __init__(self, operation: str, message: str) -> None:
        self.operation = operation
        super().__init__(message)


class AwsErrorResponse(AwsError):  # noqa: N818 - named after what it holds
    """AWS responded with an error. `code`: the name of the error. `answer`: the parsed body."""

    def __init__(self, operation: str, status: int, code: str, answer: Mapping[str, Any]) -> None:
        self.status = status
        self.code = code
        self.answer = answer
        super().__init__(operation, str(answer.get("message") or answer.get("Message") or ""))

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed in a moment."""
        return self.status >= _SERVER_FAILED or self.code in _TRANSIENT

    @property
    def is_throttling(self) -> bool:
        """Whether AWS throttled the request."""
        return self.code in _THROTTLING


class Unreachable(AwsError):  # noqa: N818 - a state, not a fault of ours
    """No response. If it was sent, the request may or may not have been processed."""

    def __init__(self, operation: str, message: str, *, was_sent: bool = True) -> None:
        self.was_sent = was_sent
        super().__init__(operation, message)


class TimedOut(Unreachable):
    """No response in time."""


class AwsResponse(NamedTuple):
    """`headers`: by name in any case."""

    headers: Message
    body: bytes


class Client:
    """Calls one service of AWS. Threads may share it: each request has a connection to itself.

    `service`: as in its host name. `signing_name`: if AWS signs by another name. The region is AWS_REGION. The address
    is AWS's own, or AWS_ENDPOINT_URL.
    """

    def __init__(
        self, service: str, retry_policy: RetryPolicy = SHORT_ATTEMPTS, *, signing_name: str | None = None
    ) -> None:
        region = os.environ["AWS_REGION"]
        domain = next((one for start, one in _DOMAINS.items() if region.startswith(start)), "amazonaws.com")
        address = urlsplit(os.environ.get("AWS_ENDPOINT_URL") or f"https://{service}.{region}.{domain}")
        self.host = address.netloc
        self._is_secure = address.scheme == "https"
        self._scope = Scope(region, signing_name or service)
        self._retry_policy = retry_policy
        self._idle: list[HTTPConnection] = []

    def post(self, operation: str, path: str, body: bytes, headers: Mapping[str, str]) -> AwsResponse:
        """`operation`: its name in errors. `path`: encoded. Raises AwsErrorResponse, Unreachable or TimedOut."""
        return self._with_retries(partial(self._attempt, operation, path, body, headers), unlimited)

    def _with_retries(self, attempt_once: Callable[[SecondsLeft], _Answer], seconds_left: SecondsLeft) -> _Answer:
        attempt = 1
        while True:
            pause = random.uniform(0, _PAUSE_SECONDS * 2**attempt)  # noqa: S311 - no secret
            try:
                return attempt_once(seconds_left)
            except Unreachable:
                if attempt == self._retry_policy.attempts or pause >= seconds_left():
                    raise
            except AwsErrorResponse as error:
                if attempt == self._retry_policy.attempts or not error.is_transient or pause >= seconds_left():
                    raise
            time.sleep(pause)
            attempt += 1

    def _attempt(
        self, operation: str, path: str, body: bytes, headers: Mapping[str, str], seconds_left: SecondsLeft
    ) -> AwsResponse:
        with self._errors(operation):
            sent = self._headers(path, body, headers)
            connection = self._connection(seconds_left)
            try:
                connection.request("POST", path, body, sent)
                response = connection.getresponse()
                reply = AwsResponse(response.headers, response.read())
                _check_crc32(reply)
            except BaseException:
                connection.close()
                raise
        if not response.will_close:
            self._idle.append(connection)
        if response.status >= ERROR_STATUS_MIN:
            raise error_response(operation, response.status, reply)
        return reply

    def _headers(self, path: str, body: bytes, headers: Mapping[str, str]) -> dict[str, str]:
        to_sign = {"Host": self.host, **headers}
        now = datetime.now(UTC)
        sent = signed(to_sign, path, body, credentials=credentials.current(), scope=self._scope, at=now)
        return sent | _unsigned_headers()

    @contextlib.contextmanager
    def _errors(self, operation: str, *, was_sent: bool = True) -> Iterator[None]:
        """Raises TimedOut or Unreachable for what goes wrong on the way."""
        try:
            yield
        except TimeoutError as error:
            raise TimedOut(operation, f"no answer from {self.host} in time", was_sent=was_sent) from error
        except (OSError, HTTPException, NoCredentials) as error:
            raise Unreachable(operation, f"no answer from {self.host}: {error}", was_sent=was_sent) from error

    def _connection(self, seconds_left: SecondsLeft) -> HTTPConnection:
        """Connected. No wait for the response lasts longer than an attempt may."""
        connection = self._kept() or self._connected(min(_CONNECT_SECONDS, deadline.positive(seconds_left)))
        try:
            connection.sock.settimeout(min(self._retry_policy.seconds, deadline.positive(seconds_left)))
        except TimeoutError:
            connection.close()
            raise
        return connection

    def _kept(self) -> HTTPConnection | None:
        with contextlib.suppress(IndexError):
            while True:
                connection = self._idle.pop()
                if not is_dropped(connection):
                    return connection
                connection.close()
        return None

    def _connected(self, seconds: float) -> HTTPConnection:
        if self._is_secure:
            made: HTTPConnection = HTTPSConnection(self.host, timeout=seconds, context=tls.CONTEXT)
        else:
            made = HTTPConnection(self.host, timeout=seconds)
        made.connect()
        return made


def unlimited() -> float:
    return math.inf


def _unsigned_headers() -> dict[str, str]:
    """Headers that any proxy on the way may change."""
    headers = {"User-Agent": "client-tokens"}
    if trace := os.environ.get("_X_AMZN_TRACE_ID"):
        # It joins the trace in X-Ray, and lets Lambda detect recursion. Quoted as botocore quotes it.
        headers["X-Amzn-Trace-Id"] = quote(trace, safe="-=;:+&[]{}\"',")
    return headers


def _check_crc32(reply: AwsResponse) -> None:
    """DynamoDB sends a checksum of its response. Raises HTTPException if it does not match."""
    if reply.headers.get("x-amz-crc32", "") not in {"", str(zlib.crc32(reply.body))}:
        raise HTTPException("the answer does not fit its checksum")


def error_response(operation: str, status: int, reply: AwsResponse) -> AwsErrorResponse:
    try:
        answer = json.loads(reply.body)
    except (ValueError, RecursionError):
        answer = {}
    answer = answer if isinstance(answer, dict) else {}
    # Such as com.amazonaws.dynamodb.v20120810#ThrottlingException, or ThrottlingException:http://internal.amazon.com/...
    name = reply.headers.get("X-Amzn-ErrorType") or answer.get("__type") or answer.get("code") or str(status)
    return AwsErrorResponse(operation, status, str(name).partition(":")[0].rpartition("#")[2], answer)
