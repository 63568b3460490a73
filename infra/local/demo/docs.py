"""What the API is, beside the demo page: openapi.json as it is checked in, and a page that says the same to people."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.utils import send_from_directory
from werkzeug.wrappers import Response

from infra.local.template import ROOT
from infra.openapi import page

FILES = {"docs", "docs.css", "openapi.json"}

# It runs no script at all.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def serve(name: str, url: str, environ: dict[str, Any]) -> Response:
    """One of FILES. `url`: where this stack's API listens."""
    if name == "docs.css":
        return send_from_directory(page.STYLE.parent, name, environ)
    document = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
    document["servers"] = [{"url": url, "description": "This local stack."}]
    if name == "openapi.json":
        return Response(json.dumps(document), mimetype="application/json")
    return Response(page.render(document), mimetype="text/html", headers={"Content-Security-Policy": _POLICY})
