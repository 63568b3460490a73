"""POST /v1/client-tokens"""

from __future__ import annotations

from shared import management_admission, public_suffixes, quota, reveals, signer
from shared.gateway.frame import Request, Response, management
from shared.rules import client_token, idempotency, token_warnings
from shared.store import targets, token_writes
from shared.wire import client_tokens as responses
from shared.wire.token_settings import CreateClientToken


@management("tokens:write")
def handler(request: Request) -> Response:
    body = CreateClientToken.read(request.body)
    management_admission.admit_write(request.context)
    key = idempotency.scoped_key(request.idempotency_key, request.context, "create", body=body.canonical_json())
    if stored := reveals.replay(key, request.context, responses.with_value):
        return Response.created(stored.body, revision=stored.revision)
    settings = client_token.validate(body.settings(), environment=body.environment, at=request.at)
    unregistered = targets.require_known(request.tenant, body.target_ids())
    value, issued_value = signer.issue_first(body.environment, at=request.at)
    token = client_token.create(
        issued_value, settings, request.tenant, body.environment, body.product_surface_id, at=request.at
    )
    warnings = token_warnings.warnings(token, public_suffixes.is_public_suffix, unregistered, at=request.at)
    response = responses.created(token, value, warnings)
    created = Response.created(response, revision=token.revision)
    pending = token_writes.PendingWrite(token, created, responses.without_value(response))
    return token_writes.create(pending, limit=quota.tokens_per_tenant(), context=request.context, idempotency_key=key)
