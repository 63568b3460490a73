"""GET /v1/client-tokens/{id}/token"""

from __future__ import annotations

from shared import management_admission, reveals
from shared.gateway.frame import Request, Response, management
from shared.store import client_tokens
from shared.wire import client_tokens as responses


@management("tokens:reveal")
def handler(request: Request) -> Response:
    management_admission.admit_reveal(request.context, request.path["id"])
    token = client_tokens.get_record(request.tenant, request.path["id"])
    return Response.ok(responses.revealed(reveals.reveal(token.issued_value, request.context)))
