"""PUT /v1/client-tokens/{id}"""

from __future__ import annotations

from shared import management_admission, public_suffixes
from shared.gateway.frame import Request, Response, management
from shared.rules import client_token, token_warnings
from shared.rules.client_token import ClientToken
from shared.store import client_tokens, targets, token_writes
from shared.store.token_writes import PendingWrite
from shared.wire import client_tokens as responses
from shared.wire.token_settings import UpdateClientToken


@management("tokens:write")
def handler(request: Request) -> Response:
    body = UpdateClientToken.read(request.body)
    management_admission.admit_write(request.context, request.path["id"])
    unregistered = targets.require_known(request.tenant, body.target_ids())
    token, usage = client_tokens.get(request.tenant, request.path["id"])

    def mutate(token: ClientToken) -> PendingWrite[Response]:
        token = client_token.update(token, body.changed_fields(), at=request.at)
        costs = targets.worst_cases(request.tenant, token.settings)
        is_suffix = public_suffixes.is_public_suffix
        warnings = token_warnings.warnings(token, is_suffix, unregistered, costs, at=request.at)
        body_after = responses.updated(token, usage, warnings, at=request.at)
        return PendingWrite(token, Response.ok(body_after, revision=token.revision))

    return token_writes.update(token, mutate, "update", request.context, request.expected_revisions)
