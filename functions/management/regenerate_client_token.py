"""POST /v1/client-tokens/{id}/regenerate"""

from __future__ import annotations

from shared import issuance, management_admission
from shared.gateway.frame import Request, Response, management
from shared.store import client_tokens, token_writes
from shared.wire import client_tokens as responses
from shared.wire.regeneration import RegenerateClientToken


@management("tokens:write")
def handler(request: Request) -> Response:
    body = RegenerateClientToken.read(request.body)
    management_admission.admit_write(request.context, request.path["id"])
    expected = request.expected_revisions
    key = request.idempotency_key(body.canonical(), "regenerate", request.path["id"])
    issuing = issuance.Issuance(key, request.context, Response.ok)
    if replayed := issuing.replay():
        return replayed
    token, usage = client_tokens.get(request.tenant, request.path["id"])
    mutate = issuing.next_value(
        body.grace(), lambda old, new, value: responses.regenerated(old, new, usage, value, at=request.at)
    )
    return token_writes.update(token, mutate, "regenerate", request.context, expected)
