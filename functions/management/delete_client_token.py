"""DELETE /v1/client-tokens/{id}"""

from __future__ import annotations

from shared import gateway, management_admission
from shared.gateway import Request, Response
from shared.store import changes, client_tokens
from shared.wire import client_tokens as answers


@gateway.management("tokens:write")
def handler(request: Request) -> Response:
    answer = gateway.ok(answers.deleted())
    management_admission.admit_write(request.by, request.path["id"])
    token = client_tokens.get_record(request.tenant, request.path["id"])
    changes.delete(token, by=request.by, expected=request.expected)
    return answer
