"""POST /v1/client-tokens/{id}/explain"""

from __future__ import annotations

from shared.admission import explanation
from shared.gateway.frame import Request, Response, management
from shared.store import client_tokens, memberships
from shared.wire import explanation as responses
from shared.wire.explanation import ExplainClientToken


@management("tokens:read")
def handler(request: Request) -> Response:
    body = ExplainClientToken.read(request.body)
    memberships.require(request.tenant, request.path["id"])
    token = client_tokens.get_record(request.tenant, request.path["id"])
    checks = explanation.explain(token, body.visitor(request.at), body.wanted())
    return Response.ok(responses.explained(token, checks, at=request.at), revision=token.revision)
