"""GET /v1/client-tokens/{id}"""

from __future__ import annotations

from shared.gateway.frame import Request, Response, management
from shared.rules import client_token, token_warnings
from shared.store import client_tokens, daily_budgets, memberships, tallies
from shared.wire import client_tokens as responses


@management("tokens:read")
def handler(request: Request) -> Response:
    memberships.require(request.tenant, request.path["id"])
    token, usage = client_tokens.get(request.tenant, request.path["id"])
    held = None if token.settings.daily_budget is None else daily_budgets.find(token.id, request.at)
    warnings = token_warnings.observation_warnings(token.settings, at=request.at)
    has_previous = client_token.has_previous_value(token, at=request.at)
    uses = tallies.last_uses(token.id, at=request.at) if has_previous else None
    return Response.ok(responses.found(token, usage, held, warnings, uses, at=request.at), revision=token.revision)
