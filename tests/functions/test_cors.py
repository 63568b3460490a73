"""What browsers let a page send and read (CORS), decided from our responses as the Fetch standard says."""

import pytest
from werkzeug.test import Client

from infra.local import openapi
from infra.local.routes import Function
from tests.aws.in_memory import TEMPLATE
from tests.functions.page import ORIGIN, assert_refused

ROUTES = [
    (method, path.replace("{id}", "ct_00000000000000000000000000"))
    for path, methods in openapi.read_routes(TEMPLATE).paths.items()
    for method, route in methods.items()
    if isinstance(route.target, Function)
]
# Headers that clients send, and those that monitoring agents add to every fetch of a page.
OURS = ["authorization", "content-type", "idempotency-key", "if-match", "x-persona-version", "x-visitor-token"]
OF_AGENTS = [
    "b3", "baggage", "elastic-apm-traceparent", "newrelic", "request-id", "sentry-trace", "traceparent", "tracestate",
    "x-b3-traceid", "x-datadog-origin", "x-datadog-parent-id", "x-datadog-sampling-priority", "x-datadog-trace-id",
    "x-dtc", "x-instana-t", "x-ms-request-id", "x-something-nobody-has-heard-of",
]  # fmt: skip
# https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name
NOT_IN_WILDCARD = {"authorization"}


def preflight(app, method, path, headers):
    asked = {"Origin": "https://anywhere.example", "Access-Control-Request-Method": method}
    return Client(app).options(path, headers=asked | {"Access-Control-Request-Headers": ",".join(headers)})


def listed(answer, name):
    return {one.strip().lower() for one in answer.headers.get(name, "").split(",")}


def lets_through(answer, method, headers):
    """https://fetch.spec.whatwg.org/#cors-preflight-fetch, for a request without credentials."""
    allowed = listed(answer, "Access-Control-Allow-Headers")
    return (
        answer.status_code in range(200, 300)
        and answer.headers["Access-Control-Allow-Origin"] == "*"
        and method.lower() in listed(answer, "Access-Control-Allow-Methods") | {"get", "post"}
        and all(name in allowed or ("*" in allowed and name not in NOT_IN_WILDCARD) for name in headers)
    )


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_preflight_allows_any_request_header(app, method, path):
    headers = sorted(OURS + OF_AGENTS)
    answer = preflight(app, method, path, headers)
    assert lets_through(answer, method, headers), answer.headers
    assert int(answer.headers["Access-Control-Max-Age"]) == 7200
    # Nothing here needs a cookie, and `*` has no effect for requests with cookies.
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_preflight_lists_our_headers_for_browsers_without_wildcard(app, method, path):
    """Safari before 15.4 reads `*` as a header's name."""
    allowed = listed(preflight(app, method, path, OURS), "Access-Control-Allow-Headers")
    assert set(OURS) <= allowed


def test_page_can_read_the_id_of_every_response(app, api, page, token):
    session = page.open(token.value)
    answers = [
        page.init(token.value),
        page.say(session),
        page.rate(session, token.value),
        assert_readable(page.init("garbage"), 401, "invalid_token"),
        assert_readable(page.post("nothing", {}), 404, "not_found"),
        assert_readable(Client(app).put("/v1/client/chat", headers={"Origin": ORIGIN}), 405, "method_not_allowed"),
        assert_readable(Client(app).put("/v1/client/chat", data="x", content_type="x/y"), 405, "method_not_allowed"),
        api.get("/v1/client-tokens"),
        assert_readable(Client(app).get("/v1/client-tokens"), 401, "unauthenticated"),
    ]
    for answer in answers:
        assert answer.headers["x-amz-apigw-id"]
        assert "x-amz-apigw-id" in listed(answer, "Access-Control-Expose-Headers"), answer.status


def assert_readable(answer, status, code):
    assert assert_refused(answer, status, code)["requestId"] == answer.headers["x-amz-apigw-id"]
    return answer
