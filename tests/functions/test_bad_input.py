"""Bad input gets a clear error, and nothing is written."""

import json
import re
from urllib.parse import quote

import pytest

from tests.operations import MANAGEMENT, OF_A_TOKEN, OPERATIONS, UNKNOWN_ID

SEED = {"name": "Web Client Token", "allowedOrigins": ["https://app.example.com"]}
BODY_MAX = 256 * 1024


def assert_refused(answer, status):
    """Asserts our error body: sentences for people, a code for programs."""
    assert answer.status_code == status, answer.text
    body = answer.json
    assert isinstance(body["error"], str)
    assert body["error"]
    assert body["code"].replace("_", "").isalpha()
    assert body["requestId"]
    return body


@pytest.fixture
def token(api):
    return "/v1/client-tokens/" + api.create(flowIds=["flow_a"])["clientToken"]["id"]


@pytest.fixture
def refuse(api, token, calls):
    """Sends a bad body to create and update, asserts that both reject it and write nothing, and returns the errors."""

    def refuse(body, also=None):
        calls.clear()
        created = assert_refused(api.post("/v1/client-tokens", SEED | body if isinstance(body, dict) else body), 400)
        updated = assert_refused(api.put(token, body), 400)
        # A request that only contradicts the token's settings is counted; nothing else is written.
        assert set(calls.writes()) <= {"UpdateItem"}
        return created, updated

    return refuse


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (None, "line 1, column 1"),
        ("", "line 1, column 1"),
        ("not json", "line 1, column 1"),
        ('{"name": "x",\n "config": }', "line 2, column 12"),
        ("[]", "object"),
        ('"text"', "object"),
        ("null", "object"),
        ("5", "object"),
        ('{"name": "a", "name": "b"}', "duplicate key"),
        ('{"rateLimitPerMinute": NaN}', "NaN"),
        ('{"rateLimitPerMinute": 1e999}', "too large"),
        ('{"name": "\\ud800"}', "surrogate"),
        ("[" * 100_000, "nested"),
    ],
)
def test_400_error_names_the_position_of_invalid_json(refuse, body, says):
    for error in refuse(body):
        assert error["code"] == "invalid_json"
        assert says in error["error"]


BOUNDS = {
    "rateLimitPerMinute": (1, 1000),
    "rateLimitPerHour": (1, 10_000),
    "maxMessagesPerSession": (1, 1000),
    "sessionIdleTimeoutMinutes": (1, 1440),
}


@pytest.mark.parametrize(("field", "bounds"), BOUNDS.items())
def test_400_number_just_out_of_bounds(api, refuse, field, bounds):
    for bound, beyond in zip(bounds, (bounds[0] - 1, bounds[1] + 1), strict=True):
        assert api.create(**{field: bound})["clientToken"][field] == bound
        for error in refuse({field: beyond}):
            assert error["details"] == [error["details"][0] | {"path": field, "code": "out_of_range"}]
            assert str(bound) in error["error"]


@pytest.mark.parametrize("field", BOUNDS)
@pytest.mark.parametrize("value", [10.5, True, "10", [], {}])
def test_400_value_that_is_not_a_whole_number(refuse, field, value):
    for error in refuse({field: value}):
        assert error["error"] == f"{field}: must be a whole number"


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 256},
        {"name": 5},
        {"allowedOrigins": []},
        {"allowedOrigins": "https://app.example.com"},
        {"allowedOrigins": [5]},
        {"allowedOrigins": [f"https://a{n}.example.com" for n in range(101)]},
        {"flowIds": "flow_a"},
        {"flowIds": [""]},
        {"flowIds": ["x" * 129]},
        {"flowIds": ["with space"]},
        {"flowIds": ["with\nline"]},
        {"flowIds": [f"flow_{n}" for n in range(101)]},
        {"agentIds": [None]},
        {"defaultFlowId": "flow_unknown"},
        {"config": []},
        {"config": {"text": "x" * 16 * 1024}},
        {"targetAlias": "stable"},
        {"targetVersionId": "agentver_1"},
        {"agentIds": ["a"], "targetAlias": "stable", "targetVersionId": "agentver_1"},
        {"agentIds": ["a", "b"], "targetAlias": "stable"},
        {"pinToVersion": ""},
        {"pinToVersion": "agentver_1"},
        {"pinToVersion": "x" * 129},
        {"expiresAt": "2020-01-01T00:00:00Z"},
        {"expiresAt": "2099-01-01"},
        {"expiresAt": "2099-01-01T00:00:00"},
        {"expiresAt": 4_070_908_800},
    ],
    ids=lambda body: json.dumps(body)[:50],
)
def test_400_error_names_the_field_that_breaks_a_rule(refuse, body):
    for error in refuse(body):
        paths = [detail["path"].partition("[")[0] for detail in error["details"]]
        assert set(paths) <= body.keys()
        assert error["details"][0]["message"] in error["error"]


@pytest.mark.parametrize(
    ("unknown", "meant"),
    [
        ("rateLimtPerMinute", "rateLimitPerMinute"),
        ("rate_limit_per_minute", "rateLimitPerMinute"),
        ("allowedOrigin", "allowedOrigins"),
        ("ALLOWEDORIGINS", "allowedOrigins"),
        ("zzz", None),
    ],
)
def test_400_unknown_field_suggests_the_right_name(refuse, unknown, meant):
    for error in refuse({unknown: 1}):
        detail = error["details"][0]
        assert (detail["path"], detail["code"], detail.get("suggestion")) == (unknown, "unknown_field", meant)
        assert meant is None or meant in error["hint"]


@pytest.mark.parametrize(
    "entry",
    [
        "",
        " ",
        "null",
        "app.example.com",
        "https://",
        "https://app.example.com/path",
        "https://app.example.com?query",
        "https://app.example.com#fragment",
        "https://user@app.example.com",
        "https://app.example.com:0",
        "https://app.example.com:65536",
        "https://app.example.com:port",
        "https://*.*.example.com",
        "https://app.*.example.com",
        "https://app*.example.com",
        "https://example.*",
        "https://*",
        "https://a..example.com",
        "https://app.example.com.",
        "https://exämple.com",
        "https://app.example.com https://b.example.com",
        "https://[::1",
        "https://[fe80::1%25eth0]",
        "https://127.1",
        "javascript:alert(1)",
        "file:///tmp",
    ],
)
def test_400_error_names_the_index_of_a_malformed_origin(refuse, entry):
    for error in refuse({"allowedOrigins": ["https://good.example.com", entry]}):
        assert [(detail["path"], detail["code"]) for detail in error["details"]] == [
            ("allowedOrigins[1]", "invalid_origin")
        ]


@pytest.mark.parametrize("field", ["environment", "productSurfaceId"])
def test_400_immutable_field(api, token, calls, field):
    calls.clear()
    error = assert_refused(api.put(token, {field: "test"}), 400)
    assert "cannot be changed" in error["error"]
    assert calls == []


@pytest.mark.parametrize("body", [{"name": None}, {"allowedOrigins": None}, {"config": None}, {"isActive": None}])
def test_400_null_for_a_field_that_cannot_be_cleared(api, token, calls, body):
    calls.clear()
    assert_refused(api.put(token, body), 400)
    assert calls == []


@pytest.mark.parametrize("missing", SEED)
def test_400_missing_required_field_on_create(api, calls, missing):
    calls.clear()
    error = assert_refused(api.post("/v1/client-tokens", {name: SEED[name] for name in SEED if name != missing}), 400)
    assert error["error"] == f"{missing}: is required"
    assert "PutItem" not in calls


def test_413_body_over_256_kb_is_not_parsed(api, token, calls):
    calls.clear()
    for operation in MANAGEMENT:
        if operation.body is not None:
            method, path, _ = operation.request(id=token.rpartition("/")[2])
            assert_refused(api.request(method, path, " " * (BODY_MAX + 1)), 413)
            refused = assert_refused(api.request(method, path, "é" * (BODY_MAX // 2) + "x"), 413)
            assert refused["code"] == "too_large"
    assert calls.writes() == []
    assert api.post("/v1/client-tokens", json.dumps(SEED).ljust(BODY_MAX)).status_code == 201


@pytest.mark.parametrize("body", [{"gracePeriodSeconds": 604_801}, {"gracePeriodSeconds": -1}, {"grace": 1}, "[]", "x"])
def test_400_invalid_grace_period_keeps_the_value(api, token, calls, body):
    before = api.get(f"{token}/token").json
    calls.clear()
    assert_refused(api.post(f"{token}/regenerate", body), 400)
    assert calls == []
    assert api.get(f"{token}/token").json == before


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=abc", "limit=", "limit=1.5", "limit=-1", "limit=\u0661"]
)
@pytest.mark.parametrize("suffix", ["", "/conversations"])
def test_400_invalid_limit(api, token, query, suffix):
    path = token + suffix if suffix else "/v1/client-tokens"
    assert "limit" in assert_refused(api.get(f"{path}?{query}"), 400)["error"]


@pytest.mark.parametrize("query", ["offset=-1", "offset=x", "limit=5&ofset=1"])
def test_400_invalid_offset_or_unknown_query_parameter(api, query):
    assert "o" in assert_refused(api.get(f"/v1/client-tokens?{query}"), 400)["details"][0]["path"]


ODD_IDS = ["x", "ct_", "ct_x", "CT_01M85TKCEK9DH4B89K1XDR8RVW", "ct_01m85tkcek9dh4b89k1xdr8rvw ", "ct_" + "0" * 1200]
ODD_IDS += ["ct_01m85tkcek9dh4b89k1xdr8rv#", "..", "%00", "é", "🙂", "TOKEN#1", "*", "ct_01m85tkcek9dh4b89k1xdr8rvw"]


@pytest.mark.parametrize("odd", ODD_IDS, ids=lambda odd: odd[:30])
def test_404_malformed_token_id(api, calls, odd):
    expected = assert_refused(api.get(f"/v1/client-tokens/{UNKNOWN_ID}"), 404)
    calls.clear()
    for operation in OF_A_TOKEN:
        body = assert_refused(api.do(operation, quote(odd, safe="")), 404)
        assert body | {"requestId": ""} == expected | {"requestId": ""}
    assert set(calls) <= {"BatchGetItem", "GetItem"}


METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
SERVED = {(operation.method, operation.path) for operation in OPERATIONS}
NOT_SERVED = {(method, path) for _, path in SERVED for method in METHODS} - SERVED


@pytest.mark.parametrize(("method", "path"), sorted(NOT_SERVED))
@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
def test_405_known_path_with_an_unsupported_method(api, method, path, content_type):
    answer = api.request(method, re.sub(r"{\w+}", "x_1", path), "{}", **{"Content-Type": content_type})
    assert assert_refused(answer, 405)["code"] == "method_not_allowed"


UNKNOWN_PATHS = ["/", "/v1", "/v1/client-token", "/v2/client-tokens", "/v1/client-tokens/a/b"]


@pytest.mark.parametrize("path", UNKNOWN_PATHS)
def test_404_unknown_path_without_a_credential(api, path):
    api.credential = None
    assert assert_refused(api.get(path), 404)["code"] == "not_found"


@pytest.mark.parametrize("path", UNKNOWN_PATHS)
def test_401_unknown_path_with_a_credential(api, path):
    refused = assert_refused(api.get(path), 401)
    assert refused["code"] == "unauthenticated"
    assert "Check the path" in refused["hint"]
