"""POST /v1/client-tokens"""

from __future__ import annotations

from secrets import token_bytes

from shared import gateway, management_admission, public_suffixes, quota, signer
from shared.gateway import Request, Response
from shared.rules import client_token, idempotency, identifier
from shared.store import audit, changes, targets
from shared.store import idempotency as answered
from shared.store.changes import Change
from shared.wire import client_tokens as answers
from shared.wire.terms import CreateClientToken


@gateway.management("tokens:write")
def handler(request: Request) -> Response:
    wish = CreateClientToken.read(request.body)
    management_admission.admit_write(request.by)
    claim = idempotency.claim(request.idempotency_key, request.by, "create", asked=wish.canonical())
    if kept := answered.find(claim):
        value = signer.reveal(kept.seal)
        audit.revealed(kept.seal.claims.sub, by=request.by)
        return gateway.created(answers.with_value(kept.answer, value), revision=kept.revision)
    terms = client_token.check(wish.terms(), environment=wish.environment, at=request.at)
    unregistered = targets.require_known(request.tenant, wish.target_ids())
    token_id = identifier.new("ct", request.at, token_bytes)
    value, seal = signer.issue(token_id, wish.environment, at=request.at, random_bytes=token_bytes)
    token = client_token.ClientToken(
        id=token_id,
        tenant=request.tenant,
        environment=wish.environment,
        product_surface_id=wish.product_surface_id,
        terms=terms,
        seal=seal,
        created_at=request.at,
        updated_at=request.at,
    )
    warnings = client_token.warnings(token, public_suffixes.is_public_suffix, unregistered, at=request.at)
    answer = answers.created(token, value, warnings)
    made = Change(token, gateway.created(answer, revision=token.revision), answers.without_value(answer))
    return changes.add(made, limit=quota.TOKENS_PER_TENANT, by=request.by, claim=claim)
