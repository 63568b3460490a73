"""HTTP in front of the API: one thread per request, and one line per request in the terminal."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from email.parser import HeaderParser
from http import HTTPStatus
from http.client import HTTPMessage
from io import BytesIO
from typing import IO, Any, cast

from werkzeug.serving import BaseWSGIServer, DechunkedInput, WSGIRequestHandler, make_server

from infra.local.call import RAW_HEADERS
from infra.local.refusals import preceding
from infra.local.terminal import harmless

# More than API Gateway accepts.
_READ_MAX = 1 << 16
# A target is a path, or a URL of which the path matters.
_REQUEST_LINE = re.compile(r"(\S+) (?:(?i:https?)://[^\s/]+)?(/\S*|\*) (HTTP/1\.[01])", re.ASCII)
_HEADERS = re.compile(rb"([\w!#$%&'*+.^`|~-]+:[^\r\n]*\r?\n([ \t][^\r\n]*\r?\n)*)*\r?\n")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.~%-]+)(:[0-9]*)?", re.ASCII)
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(;[^\r\n]*)?\r?\n")


def serve(listener: socket.socket, application: Any, say: Callable[[str], None]) -> BaseWSGIServer:
    """Serves on a bound socket until the server is shut down. `say`: prints a line to the terminal."""
    host, port = listener.getsockname()
    server = make_server(host, port, application, threaded=True, request_handler=_handler(say), fd=listener.fileno())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _handler(say: Callable[[str], None]) -> type[WSGIRequestHandler]:
    class Handler(_Handler):
        _say = staticmethod(say)

    return Handler


class _Handler(WSGIRequestHandler):
    """Logs each request without its query, which may contain a secret."""

    _say: Callable[[str], None]
    # Until a request has been read.
    command = ""
    request_version = ""
    _target = ""
    _status: int | None = None

    def parse_request(self) -> bool:
        """The base's takes 100 headers and any Content-Length, ignores the headers after a malformed one, and takes
        slashes from the start of a path.
        """
        line = _REQUEST_LINE.fullmatch(str(self.raw_requestline, "latin-1").rstrip("\r\n"))
        if not line:
            return self._refuse(HTTPStatus.BAD_REQUEST)
        self.command, self._target, self.request_version = line.groups()
        # The base takes what follows two slashes for a host.
        self.path = f"/{self._target.lstrip('/')}"
        headers = _read_headers(self.rfile.readline)
        if len(headers) >= _READ_MAX:
            return self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if not _HEADERS.fullmatch(headers):
            return self._refuse(HTTPStatus.BAD_REQUEST)
        self.headers = HeaderParser(_class=HTTPMessage).parsestr(_unfolded(str(headers, "latin-1")))
        return self._is_framed() or self._refuse(HTTPStatus.BAD_REQUEST)

    def _is_framed(self) -> bool:
        """Whether the headers name one host, and say where the body ends."""
        hosts = self.headers.get_all("Host", [] if self.request_version == "HTTP/1.1" else ["localhost"])
        lengths = self.headers.get_all("Content-Length", [])
        encodings = self.headers.get_all("Transfer-Encoding", [])
        return (
            len(hosts) == 1
            and len(set(lengths)) <= 1
            and all(map(_HOST.fullmatch, hosts))
            and all(map(_LENGTH.fullmatch, lengths))
            and all(encoding.lower() == "chunked" for encoding in encodings)
        )

    def make_environ(self) -> dict[str, Any]:
        self._started = time.perf_counter()
        environ = super().make_environ() | {RAW_HEADERS: self.headers.items(), "REQUEST_URI": self._target}
        if "HTTP_TRANSFER_ENCODING" in environ:
            environ["wsgi.input"] = _Dechunked(cast("IO[bytes]", self.rfile))
        return environ

    def run_wsgi(self) -> None:
        super().run_wsgi()
        # A response that streamed has taken until now.
        self._log()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002 - the base's signature
        """The base's quotes the request, in a log too."""
        self._started = time.perf_counter()
        refusal = preceding(code)
        self.send_response(code)
        for name, value in refusal.headers:
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else refusal.data)
        # Closing a connection with unread bytes resets it, and the client may lose the response.
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            while self.rfile.read(_READ_MAX):
                pass

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:  # noqa: ARG002 - the base's signature
        self._status = int(code)

    def send_header(self, keyword: str, value: str) -> None:
        super().send_header(keyword, value)
        if keyword == "Content-Length":
            self._log()

    def _refuse(self, code: HTTPStatus) -> bool:
        self.send_error(code)
        return False

    def _log(self) -> None:
        """Once per response."""
        status, self._status = self._status, None
        if status:
            milliseconds = (time.perf_counter() - self._started) * 1000
            request = f"{self.command} {self._target.partition('?')[0]}" if self.command else "malformed request"
            self._say(harmless(f"{request} {status} in {milliseconds:.0f} ms"))


class _Dechunked(DechunkedInput):
    """The base's takes no extension after the size of a chunk, and no trailers."""

    def read_chunk_len(self) -> int:
        chunk = _CHUNK.fullmatch(self._rfile.readline(_READ_MAX))
        if not chunk:
            raise OSError("malformed chunk")
        size = int(chunk[1], 16)
        if not size:
            if not _HEADERS.fullmatch(_read_headers(self._rfile.readline)):
                raise OSError("malformed trailers")
            # The base reads the line break that ended the trailers.
            self._rfile = BytesIO(b"\r\n")
        return size


def _unfolded(headers: str) -> str:
    """Each header on one line, without the spaces around its value."""
    lines: list[str] = []
    for line in headers.split("\n"):
        text = line.strip(" \t\r")
        if line.startswith((" ", "\t")):
            lines[-1] += f" {text}"
        else:
            lines.append(text)
    return "\n".join(lines)


def _read_headers(readline: Callable[[int], bytes]) -> bytes:
    """To the blank line after the headers, to the end of the stream, or the first _READ_MAX bytes."""
    headers = b""
    while line := readline(_READ_MAX - len(headers)):
        headers += line
        if line in {b"\r\n", b"\n"}:
            break
    return headers
