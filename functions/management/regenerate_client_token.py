"""POST /v1/client-tokens/{id}/regenerate"""

from __future__ import annotations

from shared import management_admission, reveals, signer
from shared.gateway.frame import Request, Response, management
from shared.rules import client_token, idempotency
from shared.store import client_tokens, token_writes
from shared.wire import client_tokens as responses
from shared.wire.regeneration import RegenerateClientToken


@management("tokens:write")
def handler(request: Request) -> Response:
    body, context = RegenerateClientToken.read(request.body), request.context
    management_admission.admit_write(context, request.path["id"])
    token, usage = client_tokens.get(request.tenant, request.path["id"])
    key = idempotency.scoped_key(request.idempotency_key, context, "regenerate", token.id, body=body.canonical_json())
    if stored := reveals.replay(key, context, responses.with_value):
        return Response.ok(stored.body, revision=stored.revision)
    client_token.require_revision(token, request.expected_revisions)
    value, issued_value = signer.issue(token.id, token.environment, at=request.at)

    def mutate(token: client_token.ClientToken) -> token_writes.PendingWrite[Response]:
        after = client_token.regenerate(token, issued_value, grace=body.grace(), at=request.at)
        response = responses.regenerated(token, after, usage, value)
        ok = Response.ok(response, revision=after.revision)
        return token_writes.PendingWrite(after, ok, responses.without_value(response))

    return token_writes.update(token, mutate, "regenerate", context, request.expected_revisions, key)
