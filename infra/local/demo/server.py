"""Serves the demo page beside the API, and has the widget fetched meanwhile."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from werkzeug.serving import make_server

from infra.local.demo import widget
from infra.local.demo.site import Site
from infra.local.demo.widget import Fetch, NotFetched
from infra.local.management import Management


class Demo:
    """Runs from construction to `stop`."""

    def __init__(
        self, listener: socket.socket, management: Management, token_id: str, say: Callable[[str], None]
    ) -> None:
        """`listener`: the bound socket on which to serve; `token_id`: whose widget it is."""
        self._say = say
        self._fetch = None if widget.COPY.is_dir() else self._start_fetch()
        host, port = listener.getsockname()
        self._server = make_server(host, port, Site(management, token_id), threaded=True, fd=listener.fileno())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        if self._fetch:
            self._fetch.stop()
        self._server.shutdown()
        self._server.server_close()

    def _start_fetch(self) -> Fetch | None:
        try:
            fetch = Fetch()
        except NotFetched as error:
            self._tell(error)
            return None
        self._say("npm fetches the chat widget, once, in some seconds; until then the demo page has it from a CDN.")
        threading.Thread(target=self._finish, args=(fetch,), daemon=True).start()
        return fetch

    def _finish(self, fetch: Fetch) -> None:
        try:
            fetch.finish()
        except NotFetched as error:
            self._tell(error)

    def _tell(self, error: NotFetched) -> None:
        self._say(f"The demo page has the chat widget from a CDN: {error}.")
