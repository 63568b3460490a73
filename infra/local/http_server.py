"""HTTP in front of the API: one thread per request, and one line per request in the terminal."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from infra.local.call import RAW_HEADERS
from infra.local.terminal import harmless


def serve(listener: socket.socket, application: Any, say: Callable[[str], None]) -> BaseWSGIServer:
    """Serves on a bound socket until the server is shut down. `say`: prints a line to the terminal."""
    host, port = listener.getsockname()
    server = make_server(host, port, application, threaded=True, request_handler=_handler(say), fd=listener.fileno())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _handler(say: Callable[[str], None]) -> type[WSGIRequestHandler]:
    """Logs each request without its query, which may contain a secret."""

    class Handler(WSGIRequestHandler):
        def make_environ(self) -> dict[str, Any]:
            self._started = time.perf_counter()
            # A value folded over several lines is read as one line.
            sent = [(name, value.replace("\r\n", "")) for name, value in self.headers.items()]
            return super().make_environ() | {RAW_HEADERS: sent}

        def run_wsgi(self) -> None:
            self._status: int | None = None
            super().run_wsgi()
            # A response that streamed has taken until now.
            self._log()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:  # noqa: ARG002 - the base's signature
            self._status = int(code)

        def send_header(self, keyword: str, value: str) -> None:
            super().send_header(keyword, value)
            if keyword == "Content-Length":
                self._log()

        def _log(self) -> None:
            """Once per response."""
            status, self._status = self._status, None
            if status:
                milliseconds = (time.perf_counter() - self._started) * 1000
                say(harmless(f"{self.command} {self.path.partition('?')[0]} {status} in {milliseconds:.0f} ms"))

    return Handler
