"""POST /v1/client-tokens"""

from __future__ import annotations

from shared import issuance, management_admission, public_suffixes
from shared.gateway.frame import Request, Response, management
from shared.rules import token_warnings
from shared.store import targets, token_creation
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
    unregistered = targets.require_known(request.tenant, body.target_ids())
    costs = targets.worst_cases(request.tenant, draft.settings)
    warnings = token_warnings.warnings(draft, public_suffixes.is_public_suffix, unregistered, costs, at=request.at)
    pending = issuing.first_value(draft, lambda token, value: responses.created(token, value, warnings, at=request.at))
    return token_creation.create(pending, request.context)
