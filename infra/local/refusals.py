"""How API Gateway refuses on its own: the types of its gateway responses, with the defaults of each.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from werkzeug.wrappers import Response

from infra.local.call import Call
from infra.local.routes import Answer

# Each type with the status it has unless the template names one, and what the header x-amzn-ErrorType says.
_TYPES = {
    "ACCESS_DENIED": (403, "AccessDeniedException"),
    "API_CONFIGURATION_ERROR": (500, "InternalServerErrorException"),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, "AuthorizerConfigurationException"),
    "AUTHORIZER_FAILURE": (500, "AuthorizerFailureException"),
    # A function that fails is a 502, although the documentation names 504.
    "INTEGRATION_FAILURE": (502, "InternalServerErrorException"),
    "INTEGRATION_TIMEOUT": (504, "InternalServerErrorException"),
    # No route asks for a signature, so what comes as one is incomplete.
    "INVALID_SIGNATURE": (403, "IncompleteSignatureException"),
    "MISSING_AUTHENTICATION_TOKEN": (403, "MissingAuthenticationTokenException"),
    "REQUEST_TOO_LARGE": (413, "RequestTooLargeException"),
    "UNAUTHORIZED": (401, "UnauthorizedException"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "BadRequestException"),
}


class GatewayError(Exception):
    """`reason` is for the developer's terminal; `authorizer`: the context that an authorizer gave with its denial."""

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
