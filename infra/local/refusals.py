"""API Gateway's own errors: the types of its gateway responses, with their defaults, and errors that precede an API.

Sources: https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
and https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from werkzeug.wrappers import Response

from infra.local.call import Call
from infra.local.routes import Answer

# Each type with its default status, and its value of the header x-amzn-ErrorType.
_TYPES = {
    "ACCESS_DENIED": (403, "AccessDeniedException"),
    "API_CONFIGURATION_ERROR": (500, "InternalServerErrorException"),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, "AuthorizerConfigurationException"),
    "AUTHORIZER_FAILURE": (500, "AuthorizerFailureException"),
    # A failing function is a 502, although the documentation says 504.
    "INTEGRATION_FAILURE": (502, "InternalServerErrorException"),
    "INTEGRATION_TIMEOUT": (504, "InternalServerErrorException"),
    # No route requires a signature, so a header that is read as one is incomplete.
    "INVALID_SIGNATURE": (403, "IncompleteSignatureException"),
    "MISSING_AUTHENTICATION_TOKEN": (403, "MissingAuthenticationTokenException"),
    "REQUEST_TOO_LARGE": (413, "RequestTooLargeException"),
    # The documentation names only the status.
    "REQUEST_URI_TOO_LONG": (414, "BadRequestException"),
    "UNAUTHORIZED": (401, "UnauthorizedException"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "BadRequestException"),
}

HEADERS_MAX = 10_240
URL_MAX = 10_240
_PRECEDING = {
    HTTPStatus.BAD_REQUEST: (
        "The request is malformed. Check its first line, its headers, and that its body is as long as they say."
    ),
    HTTPStatus.REQUEST_URI_TOO_LONG: f"Request URI is longer than {URL_MAX} characters.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: f"HTTP header is larger than {HEADERS_MAX} bytes.",
}


class GatewayError(Exception):
    """`reason`: for the developer's terminal. `authorizer`: the context that it returned with its denial."""

    def __init__(self, kind: str, reason: str | None = None, authorizer: Mapping[str, str] | None = None) -> None:
        self.kind = kind
        self.reason = reason
        self.authorizer = authorizer
        super().__init__(kind)


def response(refused: GatewayError, responses: Mapping[str, Answer], call: Call) -> Response:
    """`responses`: the template's gateway responses, by type."""
    status, error_type = _TYPES[refused.kind]
    default = "DEFAULT_4XX" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "DEFAULT_5XX"
    answer = responses.get(refused.kind, responses[default])
    body = answer.text(call.extended_id, refused.authorizer)
    reply = Response(body, answer.status or status, answer.headers, content_type="application/json")
    reply.headers["x-amzn-ErrorType"] = error_type
    return reply


def preceding(status: int) -> Response:
    """The answer to a request that does not reach the API: no gateway response, no request id."""
    return Response(f"{_PRECEDING[HTTPStatus(status)]}\n", status)
