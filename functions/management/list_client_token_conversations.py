"""GET /v1/client-tokens/{id}/conversations"""

from __future__ import annotations

from shared import management_admission
from shared.gateway.frame import Request, Response, management
from shared.store import client_tokens, conversation_list
from shared.wire import conversations as responses
from shared.wire.listing import ListConversations


@management("tokens:read")
def handler(request: Request) -> Response:
    query = ListConversations.read_query(request.query)
    management_admission.admit_list(request.context, request.path["id"])
    token = client_tokens.get_record(request.tenant, request.path["id"])
    found, has_more = conversation_list.page(token.id, query.offset, query.limit, flow_id=query.flow_id, at=request.at)
    return Response.ok(responses.listed(found, query.pagination(has_more)))
