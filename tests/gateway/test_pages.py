"""Pages and their files, as the gateway sends them."""

import json

import pytest

from shared.errors import NotFound
from shared.gateway.pages import File, PageRequest, page

CONTEXT = {"extendedRequestId": "r1"}


@page
def handler(request: PageRequest) -> File:
    if request.file == "gone.js":
        raise NotFound
    return File(request.file or "index.html", "Hello", changes=request.file is None)


def get(path, **parameters):
    return handler({"path": path, "pathParameters": parameters or None, "requestContext": CONTEXT}, None)


def test_page_is_checked_again_and_its_files_are_kept():
    shown, file = get("/console"), get("/console/app.1a.js", file="app.1a.js")
    assert (shown["statusCode"], shown["body"]) == (200, "Hello")
    assert shown["headers"]["Content-Type"] == "text/html; charset=utf-8"
    assert shown["headers"]["Cache-Control"] == "no-cache"
    assert file["headers"]["Content-Type"] == "text/javascript; charset=utf-8"
    assert file["headers"]["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", ["/console", "/console/"])
def test_page_runs_only_its_own_files_and_cannot_be_framed(path):
    headers = get(path)["headers"]
    policy = dict(one.split(" ", 1) for one in headers["Content-Security-Policy"].split("; "))
    own = dict.fromkeys(("script-src", "style-src", "connect-src"), "'self'")
    nothing = dict.fromkeys(("default-src", "base-uri", "form-action", "frame-ancestors", "trusted-types"), "'none'")
    assert policy == own | nothing | {"img-src": "'self' data:", "require-trusted-types-for": "'script'"}
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_other_sites_cannot_read_a_page():
    assert "Access-Control-Allow-Origin" not in get("/console")["headers"]


def test_trailing_slash_leads_to_the_page():
    """API Gateway ignores it, but relative links would not."""
    moved = get("/console/")
    assert (moved["statusCode"], moved["headers"]["Location"]) == (308, "../console")


def test_unknown_file_is_a_404_like_any_other(monkeypatch):
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "ClientTokens")
    missing = get("/console/gone.js", file="gone.js")
    body = json.loads(missing["body"])
    assert (missing["statusCode"], body["code"], body["error"]) == (404, "not_found", "Not found.")
    assert missing["headers"]["Cache-Control"] == "no-store"
