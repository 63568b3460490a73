"""DELETE /v1/client-tokens/{id}"""

from __future__ import annotations

from shared import management_admission
from shared.gateway.frame import Request, Response, management
from shared.store import client_tokens, token_writes
from shared.wire import client_tokens as responses


@management("tokens:write")
def handler(request: Request) -> Response:
    response = Response.ok(responses.deleted())
    management_admission.admit_write(request.context, request.path["id"])
    token = client_tokens.get_record(request.tenant, request.path["id"])
    token_writes.delete(token, context=request.context, expected_revisions=request.expected_revisions)
    return response
