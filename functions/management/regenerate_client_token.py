"""POST /v1/client-tokens/{id}/regenerate"""

from __future__ import annotations

from secrets import token_bytes

from shared import gateway, management_admission, signer
from shared.gateway import Request, Response
from shared.rules import client_token, idempotency
from shared.rules.client_token import ClientToken
from shared.store import audit, changes, client_tokens
from shared.store import idempotency as answered
from shared.store.changes import Change
from shared.wire import client_tokens as answers
from shared.wire.regeneration import RegenerateClientToken


@gateway.management("tokens:write")
def handler(request: Request) -> Response:
    wish = RegenerateClientToken.read(request.body)
    management_admission.admit_write(request.by, request.path["id"])
    token, usage = client_tokens.get(request.tenant, request.path["id"])
    claim = idempotency.claim(request.idempotency_key, request.by, "regenerate", token.id, asked=wish.canonical())
    if kept := answered.find(claim):
        value = signer.reveal(kept.seal)
        audit.revealed(kept.seal.claims.sub, by=request.by)
        return gateway.ok(answers.with_value(kept.answer, value), revision=kept.revision)
    client_token.require_expected(token, request.expected)
    value, seal = signer.issue(token.id, token.environment, at=request.at, random_bytes=token_bytes)

    def regenerated(token: ClientToken) -> Change[Response]:
        after = client_token.regenerate(token, seal, grace=wish.grace(), at=request.at)
        answer = answers.regenerated(token, after, usage, value)
        return Change(after, gateway.ok(answer, revision=after.revision), answers.without_value(answer))

    return changes.change(
        token, regenerated, action="regenerate", by=request.by, expected=request.expected, claim=claim
    )
