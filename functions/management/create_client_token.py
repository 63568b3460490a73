"""POST /v1/client-tokens"""

from __future__ import annotations

from secrets import token_bytes

from shared import gateway, management_admission, public_suffixes, quota, signer
from shared.gateway import Request, Response
from shared.rules import client_token, idempotency, identifier, token_warnings
from shared.store import audit, stored_responses, targets, token_writes
from shared.store.token_writes import PendingWrite
from shared.wire import client_tokens as responses
from shared.wire.token_settings import CreateClientToken


@gateway.management("tokens:write")
def handler(request: Request) -> Response:
    body = CreateClientToken.read(request.body)
    management_admission.admit_write(request.context)
    key = idempotency.scoped_key(request.idempotency_key, request.context, "create", request=body.canonical_json())
    if stored := stored_responses.find(key):
        value = signer.reveal(stored.issued_value)
        audit.record_reveal(stored.issued_value.claims.sub, context=request.context)
        return gateway.created(responses.with_value(stored.body, value), revision=stored.revision)
    settings = client_token.validate(body.settings(), environment=body.environment, at=request.at)
    unregistered = targets.require_known(request.tenant, body.target_ids())
    token_id = identifier.new("ct", request.at, token_bytes)
    value, issued_value = signer.issue(token_id, body.environment, at=request.at, random_bytes=token_bytes)
    token = client_token.ClientToken(
        id=token_id,
        tenant=request.tenant,
        environment=body.environment,
        product_surface_id=body.product_surface_id,
        settings=settings,
        issued_value=issued_value,
        created_at=request.at,
        updated_at=request.at,
    )
    warnings = token_warnings.warnings(token, public_suffixes.is_public_suffix, unregistered, at=request.at)
    response = responses.created(token, value, warnings)
    pending = PendingWrite(token, gateway.created(response, revision=token.revision), responses.without_value(response))
    return token_writes.create(pending, limit=quota.TOKENS_PER_TENANT, context=request.context, idempotency_key=key)
