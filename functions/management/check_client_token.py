"""POST /v1/client-tokens/check"""

from __future__ import annotations

from shared import management_admission, token_review
from shared.gateway.frame import Request, Response, management
from shared.wire import client_tokens as responses
from shared.wire.token_settings import CreateClientToken


@management("tokens:write")
def handler(request: Request) -> Response:
    body = CreateClientToken.read(request.body)
    management_admission.admit_check(request.context)
    draft = body.draft(request.tenant, at=request.at)
    return Response.ok(responses.checked(token_review.warnings(draft, at=request.at)))
