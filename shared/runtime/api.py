"""Lambda's Runtime API, with responses that stream.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html and, for streaming, runtimes-custom.html.

Each call has its own connection. A streamed response has to close its connection anyway, and none outlives a snapshot.
"""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from shared.runtime.invocation import Invocation

_ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"
_ERROR_BODY = "Lambda-Runtime-Function-Error-Body"
_INVOCATION_ID = "Lambda-Runtime-Invocation-Id"
_STREAMING = {
    "Content-Type": "application/vnd.awslambda.http-integration-response",
    "Lambda-Runtime-Function-Response-Mode": "streaming",
    "Transfer-Encoding": "chunked",
    "Trailer": f"{_ERROR_TYPE}, {_ERROR_BODY}",
}
_DELIMITER = bytes(8)
_CONTAINER_ERROR = 500


class RuntimeApiFailed(Exception):  # noqa: N818 - an outcome of a call
    """The Runtime API is gone or refused a call. The message says which, and quotes nothing that the function sent."""


class RuntimeApi:
    """`address`: AWS_LAMBDA_RUNTIME_API, a host and a port, and locally a path."""

    def __init__(self, address: str) -> None:
        self._server, slash, path = address.partition("/")
        self._base = f"{slash}{path}/2018-06-01/runtime"

    def next(self) -> Invocation:
        """Waits for the next event. Exits if there can be none: Lambda then starts a new process."""
        try:
            headers, body = self._get("/invocation/next")
        except RuntimeApiFailed as failed:
            raise SystemExit(str(failed)) from None
        return Invocation(
            id=headers["Lambda-Runtime-Aws-Request-Id"],
            event=json.loads(body),
            deadline=int(headers["Lambda-Runtime-Deadline-Ms"]) / 1000,
            function_arn=headers["Lambda-Runtime-Invoked-Function-Arn"],
            trace=headers.get("Lambda-Runtime-Trace-Id", ""),
            echoed={_INVOCATION_ID: headers[_INVOCATION_ID]} if _INVOCATION_ID in headers else {},
        )

    def wait_for_restore(self) -> None:
        """Returns in each copy that is restored from the snapshot. Exits if there can be none."""
        try:
            self._get("/restore/next")
        except RuntimeApiFailed as failed:
            raise SystemExit(str(failed)) from None

    def report_init_error(self, error: Mapping[str, Any]) -> None:
        self._post("/init/error", {_ERROR_TYPE: error["errorType"]}, error)

    def report_error(self, invocation: Invocation, error: Mapping[str, Any]) -> None:
        headers = {_ERROR_TYPE: error["errorType"], **invocation.echoed}
        self._post(f"/invocation/{invocation.id}/error", headers, error)

    def respond(self, invocation: Invocation, response: Mapping[str, Any]) -> None:
        """Sends a response in one piece."""
        self._post(f"/invocation/{invocation.id}/response", invocation.echoed, response)

    def stream(self, invocation: Invocation, head: Mapping[str, Any], first: bytes) -> StreamedResponse:
        """Starts a streamed response. `head`: the status and the headers. `first`: the first part of the body."""
        connection = http.client.HTTPConnection(self._server)
        path = f"{self._base}/invocation/{invocation.id}/response"
        prelude = json.dumps(head).encode() + _DELIMITER
        return StreamedResponse(connection, path, _STREAMING | dict(invocation.echoed), prelude + first)

    def _get(self, call: str) -> tuple[http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection(self._server)
        with _failures(connection, call):
            connection.request("GET", self._base + call)
            response = connection.getresponse()
            body = response.read()
            _require(response, http.HTTPStatus.OK)
            return response.headers, body

    def _post(self, call: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> None:
        connection = http.client.HTTPConnection(self._server)
        with _failures(connection, call):
            content_type = {"Content-Type": "application/json"}
            connection.request("POST", self._base + call, json.dumps(body).encode(), content_type | dict(headers))
            _require(connection.getresponse(), http.HTTPStatus.ACCEPTED)


class StreamedResponse:
    """A response that is being sent.

    Once the connection breaks, `send` does nothing: whatever makes the response runs to its end, and stores it.
    """

    def __init__(
        self, connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str], first: bytes
    ) -> None:
        self._connection = connection
        self._path = path
        self._failed: RuntimeApiFailed | None = None
        with self._until_it_breaks():
            connection.putrequest("POST", path)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders(_chunk(first))

    def send(self, part: bytes) -> None:
        # An empty chunk would end the response.
        if part and self._failed is None:
            with self._until_it_breaks():
                self._connection.send(_chunk(part))

    def end(self, error: Mapping[str, Any] | None = None) -> None:
        """Ends the response. `error`: why it is incomplete. Raises RuntimeApiFailed, also for an earlier failure."""
        trailers = {}
        if error is not None:
            trailers = {_ERROR_TYPE: error["errorType"], _ERROR_BODY: _base64(error)}
        if self._failed is None:
            with self._until_it_breaks():
                self._connection.send(
                    b"0\r\n" + "".join(f"{name}: {value}\r\n" for name, value in trailers.items()).encode() + b"\r\n"
                )
                _require(self._connection.getresponse(), http.HTTPStatus.ACCEPTED)
        self._connection.close()
        if self._failed is not None:
            raise self._failed

    @contextmanager
    def _until_it_breaks(self) -> Iterator[None]:
        try:
            yield
        except (OSError, http.client.HTTPException, RuntimeApiFailed) as error:
            self._connection.close()
            self._failed = _failure(self._path, error)


def _chunk(part: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(part), part)


def _base64(error: Mapping[str, Any]) -> str:
    return base64.b64encode(json.dumps(error).encode()).decode()


def _require(response: http.client.HTTPResponse, status: http.HTTPStatus) -> None:
    """Raises RuntimeApiFailed for any other status. Exits where AWS says that the process cannot recover."""
    if response.status == _CONTAINER_ERROR:
        raise SystemExit("Runtime API: status 500, a container error")
    if response.status != status:
        raise RuntimeApiFailed(f"status {response.status}")


@contextmanager
def _failures(connection: http.client.HTTPConnection, call: str) -> Iterator[None]:
    try:
        yield
    except (OSError, http.client.HTTPException, RuntimeApiFailed) as error:
        raise _failure(call, error) from None
    finally:
        connection.close()


def _failure(call: str, error: Exception) -> RuntimeApiFailed:
    what = str(error) if isinstance(error, RuntimeApiFailed) else type(error).__name__
    return RuntimeApiFailed(f"Runtime API: {what} at {call.partition('/runtime')[2] or call}")
