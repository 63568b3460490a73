"""Posts to an endpoint outside AWS that an operator has registered, over HTTPS, on the public internet only.

Redirects are not followed, and proxies of the environment are not used. With LOOPBACK_TARGETS=allowed, which the local
stack sets, HTTP to this machine works too.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

from shared.http import deadline, names, public_address, tls
from shared.http.deadline import SecondsLeft
from shared.http.idle import IDLE_SECONDS_MAX, is_dropped

# For one address, and for all addresses of a host.
_CONNECT_SECONDS, _CONNECT_SECONDS_MAX = 3.0, 9.0
_IDLE_MAX = 8
# Scheme and host with port -> a connection, and since when it is idle. The one that is idle for longest is the first.
_idle: dict[tuple[str, str], tuple[HTTPConnection, float]] = {}


class NotSent(OSError):  # noqa: N818 - a state, not a fault
    """There is no connection, so nothing was sent. `cause`: TimeoutError, or another OSError."""

    def __init__(self, cause: OSError) -> None:
        self.cause = cause
        super().__init__(str(cause))


@contextlib.contextmanager
def posted(url: str, body: bytes, headers: dict[str, str], seconds_left: SecondsLeft) -> Iterator[HTTPResponse]:
    """The response. If it is read to its end, the connection is kept.

    Raises NotSent, and after it has sent something TimeoutError, another OSError, or HTTPException.
    """
    parts = urlsplit(url)
    origin = parts.scheme, parts.netloc
    try:
        deadline.positive(seconds_left)
        connection = _connection(*origin, seconds_left)
    except OSError as error:
        raise NotSent(error) from error
    response = None
    try:
        response = deadline.request(connection, parts.path, body, headers, seconds_left)
        yield response
    finally:
        is_reusable = response is not None and response.isclosed() and not response.will_close
        if is_reusable and origin not in _idle:
            if len(_idle) >= _IDLE_MAX:
                _idle.pop(next(iter(_idle)))[0].close()
            _idle[origin] = connection, time.time()
        else:
            connection.close()


def _connection(scheme: str, host: str, seconds_left: SecondsLeft) -> HTTPConnection:
    if (scheme, host) in _idle:
        idle, since = _idle.pop((scheme, host))
        if 0 <= time.time() - since < IDLE_SECONDS_MAX and not is_dropped(idle):
            return idle
        idle.close()
    if scheme == "https":
        return _connected(_PublicHTTPSConnection(host, context=tls.CONTEXT), seconds_left)
    if os.environ.get("LOOPBACK_TARGETS") != "allowed":
        raise public_address.NotPublic("HTTP works on the local stack only")
    made = _connected(HTTPConnection(host), seconds_left)
    try:
        public_address.require_loopback(made.sock)
    except OSError:
        made.close()
        raise
    return made


def _connected(connection: HTTPConnection, seconds_left: SecondsLeft) -> HTTPConnection:
    def create(address: tuple[str, int], *_: object) -> socket.socket:
        return _socket(*address, seconds_left)

    connection._create_connection = create  # type: ignore[attr-defined]  # noqa: SLF001 - http.client's only way
    try:
        connection.connect()
    except BaseException:
        connection.close()
        raise
    return connection


def _socket(host: str, port: int, seconds_left: SecondsLeft) -> socket.socket:
    """Connected to the first address that answers. A timeout of http.client would begin again with each address."""
    ends = time.monotonic() + _CONNECT_SECONDS_MAX
    failure: OSError = TimeoutError("no address has answered")
    resolving = min(deadline.positive(seconds_left), _CONNECT_SECONDS_MAX)
    for family, kind, protocol, _, address in names.resolve(host, port, resolving):
        left = min(deadline.positive(seconds_left), ends - time.monotonic())
        if left <= 0:
            break
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(min(_CONNECT_SECONDS, left))
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


class _PublicHTTPSConnection(HTTPSConnection):
    """Checks the address before the TLS handshake, so that nothing is sent to a host that is not public."""

    def connect(self) -> None:
        HTTPConnection.connect(self)
        public_address.require_public(self.sock)
        self.sock = tls.CONTEXT.wrap_socket(self.sock, server_hostname=self.host)
