"""Serves the demo page beside the API while npm fetches the third-party bundles of its pages."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from werkzeug.serving import make_server

from infra.local.demo import bundles
from infra.local.demo.bundles import Bundle, Fetch, NotFetched
from infra.local.demo.site import Site
from infra.local.management import Management


class Demo:
    """Runs from construction to `stop`."""

    def __init__(
        self, listener: socket.socket, management: Management, token_id: str, say: Callable[[str], None]
    ) -> None:
        """`listener`: the bound socket on which to serve. `token_id`: the widget's client token."""
        self._say = say
        missing = [bundle for bundle in (bundles.WIDGET, bundles.REFERENCE) if not bundle.copy.is_dir()]
        self._fetches = [fetch for bundle in missing if (fetch := self._start_fetch(bundle))]
        host, port = listener.getsockname()
        self._server = make_server(host, port, Site(management, token_id), threaded=True, fd=listener.fileno())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        for fetch in self._fetches:
            fetch.stop()
        self._server.shutdown()
        self._server.server_close()

    def _start_fetch(self, bundle: Bundle) -> Fetch | None:
        try:
            fetch = Fetch(bundle)
        except NotFetched as error:
            self._report(bundle, error)
            return None
        self._say(f"npm fetches {bundle.name}, once, in some seconds; until then pages load it from a CDN.")
        threading.Thread(target=self._finish, args=(bundle, fetch), daemon=True).start()
        return fetch

    def _finish(self, bundle: Bundle, fetch: Fetch) -> None:
        try:
            fetch.finish()
        except NotFetched as error:
            self._report(bundle, error)

    def _report(self, bundle: Bundle, error: NotFetched) -> None:
        self._say(f"Pages load {bundle.name} from a CDN: {error}.")
