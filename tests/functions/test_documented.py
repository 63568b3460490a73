"""The check of every response detects one that openapi.json does not list."""

import json

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response

from infra.local.openapi import read_routes
from tests.aws.in_memory import TEMPLATE
from tests.functions.documented import Documented

TOKEN = "/v1/client-tokens/ct_1"


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "operation"),
    [
        ("GET", TOKEN, 404, "not_found", None),
        ("GET", f"{TOKEN}?a=b", 200, None, None),
        ("POST", "/v1/client/chat", 200, None, None),
        ("GET", TOKEN, 404, "target_not_found", "GET /v1/client-tokens/{id}"),
        ("GET", TOKEN, 201, None, "GET /v1/client-tokens/{id}"),
        ("POST", "/v1/client/chat", 404, "not_found", "POST /v1/client/chat"),
        # It belongs to no operation, so nothing is documented.
        ("GET", "/v1/client/chat", 405, "method_not_allowed", None),
        ("GET", "/v2", 404, "not_found", None),
    ],
)
def test_undocumented_response_is_reported(method, path, status, code, operation):
    said = Response(json.dumps({"code": code}), status, content_type="application/json")
    app = Documented(said, read_routes(TEMPLATE))
    assert Client(app).open(path, method=method).data == said.data
    assert app.undocumented == ({(operation, status, code)} if operation else set())


@pytest.mark.parametrize(
    ("method", "status", "header", "is_known"),
    [
        ("GET", 200, "ETag", True),
        ("GET", 401, "www-authenticate", True),
        ("GET", 200, "RateLimit-Limit", False),
        ("DELETE", 200, "etag", False),
        ("GET", 200, "Cache-Control", True),
    ],
)
def test_undocumented_header_is_reported(method, status, header, is_known):
    said = Response(json.dumps({"code": "unauthenticated" if status == 401 else None}), status, {header: "x"})
    app = Documented(said, read_routes(TEMPLATE))
    assert Client(app).open(TOKEN, method=method).data == said.data
    names = {"RateLimit-Limit": "RateLimit-Limit", "etag": "ETag"}
    assert app.undocumented == (set() if is_known else {(f"{method} /v1/client-tokens/{{id}}", status, names[header])})
