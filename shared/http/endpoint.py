"""Posts to an endpoint outside AWS that an operator has registered, over HTTPS, on the public internet only.

Redirects are not followed, and proxies of the environment are not used. With LOOPBACK_TARGETS=allowed, which the local
stack sets, HTTP to this machine works too.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

from shared.http import deadline, public_address, tls
from shared.http.deadline import SecondsLeft
from shared.http.idle import IDLE_SECONDS_MAX, is_dropped

_CONNECT_SECONDS = 3.0
_IDLE_MAX = 8
# Scheme and host with port -> a connection, and since when it is idle.
_idle: dict[tuple[str, str], tuple[HTTPConnection, float]] = {}


@contextlib.contextmanager
def posted(url: str, body: bytes, headers: dict[str, str], seconds_left: SecondsLeft) -> Iterator[HTTPResponse]:
    """The response. If it is read to its end, the connection is kept.

    Raises TimeoutError, another OSError, or HTTPException.
    """
    parts = urlsplit(url)
    origin = parts.scheme, parts.netloc
    connection = _connection(*origin, seconds_left)
    response = None
    try:
        response = deadline.request(connection, parts.path, body, headers, seconds_left)
        yield response
    finally:
        is_reusable = response is not None and response.isclosed() and not response.will_close
        if is_reusable and origin not in _idle and len(_idle) < _IDLE_MAX:
            _idle[origin] = connection, time.time()
        else:
            connection.close()


def _connection(scheme: str, host: str, seconds_left: SecondsLeft) -> HTTPConnection:
    if (scheme, host) in _idle:
        idle, since = _idle.pop((scheme, host))
        if 0 <= time.time() - since < IDLE_SECONDS_MAX and not is_dropped(idle):
            return idle
        idle.close()
    timeout = min(_CONNECT_SECONDS, deadline.positive(seconds_left))
    if scheme == "https":
        return _connected(_PublicHTTPSConnection(host, timeout=timeout, context=tls.CONTEXT))
    if os.environ.get("LOOPBACK_TARGETS") != "allowed":
        raise public_address.NotPublic("HTTP works on the local stack only")
    made = _connected(HTTPConnection(host, timeout=timeout))
    try:
        public_address.require_loopback(made.sock)
    except OSError:
        made.close()
        raise
    return made


def _connected(connection: HTTPConnection) -> HTTPConnection:
    try:
        connection.connect()
    except BaseException:
        connection.close()
        raise
    return connection


class _PublicHTTPSConnection(HTTPSConnection):
    """Checks the address before the TLS handshake, so that nothing is sent to a host that is not public."""

    def connect(self) -> None:
        HTTPConnection.connect(self)
        public_address.require_public(self.sock)
        self.sock = tls.CONTEXT.wrap_socket(self.sock, server_hostname=self.host)
