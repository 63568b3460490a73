"""POST /v1/client-tokens/{id}/regenerate"""

from __future__ import annotations

from secrets import token_bytes

from shared import gateway, management_admission, signer
from shared.gateway import Request, Response
from shared.rules import client_token, idempotency
from shared.store import audit, client_tokens, stored_responses, token_writes
from shared.store.token_writes import PendingWrite
from shared.wire import client_tokens as responses
from shared.wire.regeneration import RegenerateClientToken


@gateway.management("tokens:write")
def handler(request: Request) -> Response:
    body = RegenerateClientToken.read(request.body)
    management_admission.admit_write(request.context, request.path["id"])
    token, usage = client_tokens.get(request.tenant, request.path["id"])
    key = idempotency.scoped_key(
        request.idempotency_key, request.context, "regenerate", token.id, request=body.canonical_json()
    )
    if stored := stored_responses.find(key):
        value = signer.reveal(stored.issued_value)
        audit.record_reveal(stored.issued_value.claims.sub, context=request.context)
        return gateway.ok(responses.with_value(stored.body, value), revision=stored.revision)
    client_token.require_revision(token, request.expected_revisions)
    value, issued_value = signer.issue(token.id, token.environment, at=request.at, random_bytes=token_bytes)

    def mutate(token: client_token.ClientToken) -> PendingWrite[Response]:
        after = client_token.regenerate(token, issued_value, grace=body.grace(), at=request.at)
        response = responses.regenerated(token, after, usage, value)
        return PendingWrite(after, gateway.ok(response, revision=after.revision), responses.without_value(response))

    return token_writes.update(
        token,
        mutate,
        action="regenerate",
        context=request.context,
        expected_revisions=request.expected_revisions,
        idempotency_key=key,
    )
