"""DELETE /v1/client-tokens/{id}"""

from __future__ import annotations

from shared import gateway
from shared.gateway import Request, Response
from shared.store import changes, client_tokens
from shared.wire import client_tokens as answers


@gateway.management("tokens:write")
def handler(request: Request) -> Response:
    answer = gateway.ok(answers.deleted())
    token = client_tokens.get_record(request.tenant, request.path["id"])
    changes.delete(token, by=request.by, expected=request.expected)
    return answer
