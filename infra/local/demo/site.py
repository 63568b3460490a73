"""The demo page's own server: the page, the widget, the token as the management API shows it, and the API document.

Only the token reaches the browser: the API key stays here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.utils import send_from_directory
from werkzeug.wrappers import Request, Response

from infra.local import loopback_only
from infra.local.demo import bundles, docs
from infra.local.management import Management, ManagementError

_PAGE = Path(__file__).with_name("page")
_SHOWN_CONVERSATIONS = 6


class Site:
    """A WSGI application."""

    def __init__(self, management: Management, token_id: str) -> None:
        self._management = management
        self._token = f"/v1/client-tokens/{token_id}"

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        request.trusted_hosts = loopback_only.NAMES
        try:
            response = self._serve(request)
        except HTTPException as error:
            response = Response(error.name, error.code, mimetype="text/plain")
        response.headers.setdefault("Content-Security-Policy", self._policy())
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response(environ, start_response)

    def _serve(self, request: Request) -> Response:
        """Raises HTTPException, also for a Host header that does not name this machine."""
        _ = request.host
        match request.path.split("/", 2)[1:]:
            case ["embed.json"]:
                return _json(self._embed)
            case ["token.json"]:
                return _json(self._facts)
            case [name] if name in docs.FILES:
                return docs.serve(name, self._management.url, request.environ)
            case ["widget", file]:
                response = bundles.WIDGET.serve(file, request.environ)
                # The widget imports its Markdown parser as a module. Pages on other origins get it only with this.
                response.headers["Access-Control-Allow-Origin"] = "*"
                return response
            case ["reference", file]:
                return bundles.REFERENCE.serve(file, request.environ)
            case path:
                return send_from_directory(_PAGE, "/".join(path) or "index.html", request.environ)

    def _policy(self) -> str:
        """Styles may be inline, because the widget creates some; scripts may not."""
        ours = bundles.WIDGET.sources
        return (
            f"default-src 'none'; script-src {ours}; style-src {ours} 'unsafe-inline'; img-src 'self' data:; "
            f"connect-src 'self' {self._management.url}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )

    def _embed(self) -> dict[str, Any]:
        """Reads the value each time, because it may have been regenerated."""
        value = self._management.ask("GET", f"{self._token}/token")["token"]
        return {
            "apiUrl": self._management.url,
            "clientToken": value,
            "installer": f"{bundles.WIDGET.cdn}/install.global.js",
        }

    def _facts(self) -> dict[str, Any]:
        token = self._management.ask("GET", self._token)
        last = self._management.ask("GET", f"{self._token}/conversations?limit={_SHOWN_CONVERSATIONS}")
        return {"token": token["clientToken"], "conversations": last["conversations"]}


def _json(ask: Callable[[], dict[str, Any]]) -> Response:
    try:
        status, body = 200, ask()
    except ManagementError as refusal:
        status, body = refusal.status, {"error": refusal.message}
    return Response(json.dumps(body), status, {"Cache-Control": "no-store"}, mimetype="application/json")
