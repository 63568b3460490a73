"""GET /v1/client-tokens/{id}/token"""

from __future__ import annotations

from shared import gateway, management_admission, signer
from shared.gateway import Request, Response
from shared.store import audit, client_tokens
from shared.wire import client_tokens as responses


@gateway.management("tokens:reveal")
def handler(request: Request) -> Response:
    management_admission.admit_reveal(request.context, request.path["id"])
    token = client_tokens.get_record(request.tenant, request.path["id"])
    value = signer.reveal(token.issued_value)
    audit.record_reveal(token.id, context=request.context)
    return gateway.ok(responses.revealed(value))
