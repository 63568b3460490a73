"""GET /v1/conversations"""

from __future__ import annotations

from shared import management_admission
from shared.gateway.frame import Request, Response, management
from shared.store import tenant_conversations
from shared.wire import transcripts as responses
from shared.wire.owner_queries import ListConversations


@management("conversations:read")
def handler(request: Request) -> Response:
    query = ListConversations.read_query(request.query)
    after = query.after(request.tenant)
    management_admission.admit_list(request.context)
    found, end = tenant_conversations.page(request.tenant, query.only(), query.limit, after=after, at=request.at)
    return Response.ok(responses.listed(found, query.pagination(end, request.tenant)))
