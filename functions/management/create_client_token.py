"""POST /v1/client-tokens"""

from __future__ import annotations

from shared import issuance, management_admission, token_review
from shared.gateway.frame import Request, Response, management
from shared.store import token_creation
from shared.wire import client_tokens as responses
from shared.wire.token_settings import CreateClientToken


@management("tokens:write")
def handler(request: Request) -> Response:
    body = CreateClientToken.read(request.body)
    management_admission.admit_write(request.context)
    issuing = issuance.Issuance(request.idempotency_key(body.canonical(), "create"), request.context, Response.created)
    if replayed := issuing.replay():
        return replayed
    draft = body.draft(request.tenant, at=request.at)
    warnings = token_review.warnings(draft, at=request.at)
    pending = issuing.first_value(draft, lambda token, value: responses.created(token, value, warnings, at=request.at))
    return token_creation.create(pending, request.context)
