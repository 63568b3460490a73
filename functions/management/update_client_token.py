"""PUT /v1/client-tokens/{id}"""

from __future__ import annotations

from shared import gateway, management_admission, public_suffixes
from shared.gateway import Request, Response
from shared.rules import client_token
from shared.rules.client_token import ClientToken
from shared.store import changes, client_tokens, targets
from shared.store.changes import Change
from shared.wire import client_tokens as answers
from shared.wire.terms import UpdateClientToken


@gateway.management("tokens:write")
def handler(request: Request) -> Response:
    wish = UpdateClientToken.read(request.body)
    management_admission.admit_write(request.by, request.path["id"])
    unregistered = targets.require_known(request.tenant, wish.target_ids())
    token, usage = client_tokens.get(request.tenant, request.path["id"])

    def amended(token: ClientToken) -> Change[Response]:
        token = client_token.amend(token, wish.given(), at=request.at)
        warnings = client_token.warnings(token, public_suffixes.is_public_suffix, unregistered, at=request.at)
        return Change(token, gateway.ok(answers.updated(token, usage, warnings), revision=token.revision))

    return changes.change(token, amended, action="update", by=request.by, expected=request.expected)
