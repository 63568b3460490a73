"""GET /v1/client-tokens"""

from __future__ import annotations

from shared import management_admission
from shared.gateway.frame import Request, Response, management
from shared.store import client_tokens
from shared.wire import client_tokens as responses
from shared.wire.listing import ListClientTokens


@management("tokens:read")
def handler(request: Request) -> Response:
    query = ListClientTokens.read_query(request.query)
    after = query.after(request.tenant)
    management_admission.admit_list(request.context)
    listed, last = client_tokens.page(request.tenant, query.offset, query.limit, after=after)
    return Response.ok(responses.listed(listed, query.pagination(last, request.tenant), at=request.at))
