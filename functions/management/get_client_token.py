"""GET /v1/client-tokens/{id}"""

from __future__ import annotations

from shared.gateway.frame import Request, Response, management
from shared.rules import token_warnings
from shared.store import client_tokens, daily_budgets, memberships
from shared.wire import client_tokens as responses


@management("tokens:read")
def handler(request: Request) -> Response:
    memberships.require(request.tenant, request.path["id"])
    token, usage = client_tokens.get(request.tenant, request.path["id"])
    held = None if token.settings.daily_budget is None else daily_budgets.find(token.id, request.at)
    warnings = token_warnings.observation_warnings(token.settings, at=request.at)
    return Response.ok(responses.found(token, usage, held, warnings, at=request.at), revision=token.revision)
