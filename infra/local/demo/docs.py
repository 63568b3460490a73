"""The API reference beside the demo page: the checked-in openapi.json, and Scalar's page that shows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from werkzeug.utils import send_from_directory
from werkzeug.wrappers import Response

from infra.local.demo import bundles
from infra.local.template import ROOT

FILES = {"docs", "openapi.json"}
_PAGE = Path(__file__).with_name("page")


def serve(name: str, url: str, environ: dict[str, Any]) -> Response:
    """One of FILES. `url`: where this stack's API listens."""
    if name == "docs":
        page = send_from_directory(_PAGE, "docs.html", environ)
        page.headers["Content-Security-Policy"] = _policy(url)
        return page
    document = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
    document["servers"] = [{"url": url, "description": "This local stack."}]
    return Response(json.dumps(document), mimetype="application/json")


def _policy(url: str) -> str:
    """Requests may go to this server and its API. Styles may be inline, as the bundle needs; scripts may not."""
    return (
        f"default-src 'none'; script-src {bundles.REFERENCE.sources}; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data:; font-src data:; connect-src 'self' {url}; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
