"""Lambda proxy integration: an HTTP request becomes a REST API's event, and a response an HTTP response.

Sources: the developer guide's "Lambda proxy integrations in API Gateway", and the table of headers in its "Important
notes".
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.wrappers import Request, Response

from infra.local.call import ACCOUNT, API_ID, Call
from infra.local.routes import Route

_REQUEST_DROPS = {
    "connection", "content-length", "content-md5", "expect", "max-forwards", "proxy-authenticate", "server", "te",
    "trailer", "transfer-encoding", "upgrade", "www-authenticate",
}  # fmt: skip
_REQUEST_CAPITALS = {"authorization", "host", "user-agent"}
_RESPONSE_DROPS = {
    "content-length", "expect", "host", "proxy-authenticate", "te", "trailer", "transfer-encoding", "upgrade", "via",
}  # fmt: skip
_RESPONSE_RENAMES = {
    "authorization", "connection", "content-md5", "date", "max-forwards", "server", "user-agent", "www-authenticate",
}  # fmt: skip
_HEAD_FIELDS = {"headers", "multiValueHeaders", "statusCode"}
_FIELDS = _HEAD_FIELDS | {"body", "isBase64Encoded"}


class Malformed(Exception):  # noqa: N818 - a fault of the function, logged for the developer
    """The function's response is not one that API Gateway accepts; the message says why."""


def event(
    call: Call, route: Route, path_parameters: dict[str, str], authorizer: dict[str, str] | None
) -> dict[str, Any]:
    """The event for a request. Paths are raw, as on AWS; query strings are decoded.

    `authorizer`: the principal and the context from the authorizer; None if the route has none.
    """
    request = call.request
    headers = _headers(call)
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(request.query_string.decode("latin-1"), keep_blank_values=True):
        query.setdefault(name, []).append(value)
    return {
        "resource": route.path,
        "path": call.raw_path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": path_parameters or None,
        "stageVariables": None,
        "requestContext": _context(call, route, authorizer),
        # The API declares no binary media types, so every body is text.
        "body": request.get_data().decode(errors="replace") or None,
        "isBase64Encoded": False,
    }


def _headers(call: Call) -> dict[str, list[str]]:
    """Header names in the mixed case that HTTP/2 and API Gateway produce."""
    request = call.request
    kept: dict[str, list[str]] = {}
    for name, value in call.headers:
        lower = name.lower()
        if lower not in _REQUEST_DROPS:
            kept.setdefault(name.title() if lower in _REQUEST_CAPITALS else lower, []).append(value)
    own = {
        "X-Amzn-Trace-Id": [call.trace],
        "X-Forwarded-For": [", ".join([*kept.get("x-forwarded-for", ()), _address(request)])],
        "X-Forwarded-Port": [request.host.partition(":")[2] or "80"],
        "X-Forwarded-Proto": [request.scheme],
    }
    return {name: values for name, values in kept.items() if name.title() not in own} | own


def _context(call: Call, route: Route, authorizer: dict[str, str] | None) -> dict[str, Any]:
    """The request context, with paths and domain as under a custom domain without a base path: no stage in the path."""
    request = call.request
    domain = request.host.partition(":")[0]
    context: dict[str, Any] = {
        "accountId": ACCOUNT,
        "apiId": API_ID,
        "deploymentId": "local",
        "domainName": domain,
        "domainPrefix": domain.partition(".")[0],
        "extendedRequestId": call.extended_id,
        "httpMethod": request.method,
        "identity": {
            "accessKey": None,
            "accountId": None,
            "caller": None,
            "cognitoAuthenticationProvider": None,
            "cognitoAuthenticationType": None,
            "cognitoIdentityId": None,
            "cognitoIdentityPoolId": None,
            "principalOrgId": None,
            "sourceIp": _address(request),
            "user": None,
            "userAgent": request.headers.get("User-Agent"),
            "userArn": None,
        },
        "path": call.raw_path,
        "protocol": request.environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
        "requestId": call.id,
        "requestTime": datetime.fromtimestamp(call.at, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(call.at * 1000),
        "resourceId": "local",
        "resourcePath": route.path,
        "stage": call.stage,
    }
    if authorizer is not None:
        context["authorizer"] = authorizer | {"integrationLatency": 0}
    return context


def _address(request: Request) -> str:
    return request.remote_addr or "127.0.0.1"


def response(answer: Any, call: Call) -> Response:
    """Raises Malformed for anything but the documented fields and types."""
    _require_fields(answer, _FIELDS)
    body = answer.get("body")
    if not isinstance(body, str | None):
        raise Malformed("its body is not text")
    return _reply(answer, body or "", call)


def streamed(prelude: Any, body: Iterable[bytes], call: Call) -> Response:
    """A response whose body goes out as it comes. `prelude`: its status and headers. Raises Malformed."""
    _require_fields(prelude, _HEAD_FIELDS | {"cookies"})
    reply = _reply(prelude, body, call)
    for cookie in prelude.get("cookies", ()):
        reply.headers.add("Set-Cookie", cookie)
    return reply


def _require_fields(answer: Any, known: set[str]) -> None:
    if not isinstance(answer, dict):
        raise Malformed("it is not an object")
    if unknown := sorted(answer.keys() - known):
        raise Malformed(f"it has the unknown field {unknown[0]}")


def _reply(answer: dict[str, Any], body: str | Iterable[bytes], call: Call) -> Response:
    try:
        status = int(answer.get("statusCode", 200))
    except (TypeError, ValueError):
        raise Malformed("its statusCode is not a number") from None
    reply = Response(body, status)
    # API Gateway's default, not werkzeug's.
    reply.headers["Content-Type"] = "application/json"
    for name, values in _answered_headers(answer).items():
        if name.lower() in _RESPONSE_DROPS:
            continue
        sent_as = f"x-amzn-Remapped-{name}" if name.lower() in _RESPONSE_RENAMES else name
        reply.headers.setlist(sent_as, values)
    is_continued = ";Parent=" in call.trace
    reply.headers["X-Amzn-Trace-Id"] = call.trace if is_continued else f"{call.trace};Parent={secrets.token_hex(8)}"
    return reply


def _answered_headers(answer: dict[str, Any]) -> dict[str, list[str]]:
    """All values of both fields. A name in both is spelled as in multiValueHeaders, whose values come first."""
    single, multiple = answer.get("headers") or {}, answer.get("multiValueHeaders") or {}
    if not isinstance(single, dict) or not isinstance(multiple, dict):
        raise Malformed("its headers are not an object")
    if not all(isinstance(values, list) for values in multiple.values()):
        raise Malformed("its multiValueHeaders are not lists")
    spelled: dict[str, str] = {}
    headers: dict[str, list[str]] = {}
    for name, values in [*multiple.items(), *((name, [value]) for name, value in single.items())]:
        if not all(isinstance(value, str | bool) for value in values):
            raise Malformed("a header's value is neither text nor a boolean")
        headers.setdefault(spelled.setdefault(name.lower(), name), []).extend(map(_text, values))
    return headers


def _text(value: str | bool) -> str:  # noqa: FBT001 - a header's value
    return value if isinstance(value, str) else str(value).lower()
