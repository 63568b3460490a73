"""POST /v1/client-tokens/{id}/regenerate"""

from __future__ import annotations

from secrets import token_bytes

from shared import gateway, signer
from shared.gateway import Request, Response
from shared.rules import client_token
from shared.store import client_tokens
from shared.wire import client_tokens as answers
from shared.wire.regeneration import RegenerateClientToken


@gateway.management("tokens:write")
def handler(request: Request) -> Response:
    wish = RegenerateClientToken.read(request.body)
    token, usage = client_tokens.get(request.tenant, request.path["id"])
    value, seal = signer.issue(token.id, token.environment, at=request.at, random_bytes=token_bytes)
    token = client_tokens.change(
        token, lambda token: client_token.regenerate(token, seal, grace=wish.grace(), at=request.at)
    )
    return gateway.ok(answers.regenerated(token, usage, value))
