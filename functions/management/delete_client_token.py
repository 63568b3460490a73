"""DELETE /v1/client-tokens/{id}"""

from __future__ import annotations

from shared import gateway
from shared.gateway import Request, Response
from shared.store import client_tokens
from shared.wire import client_tokens as answers


@gateway.management("tokens:write")
def handler(request: Request) -> Response:
    client_tokens.delete(request.tenant, request.path["id"])
    return gateway.ok(answers.deleted())
