"""GET /v1/client-tokens/{id}/conversations"""

from __future__ import annotations

from shared import management_admission
from shared.gateway.frame import Request, Response, management
from shared.store import audit, client_tokens, conversation_list
from shared.wire import conversations as responses
from shared.wire.listing import ListClientTokenConversations


@management("tokens:read")
def handler(request: Request) -> Response:
    query = ListClientTokenConversations.read_query(request.query)
    after = query.after(request.path["id"])
    management_admission.admit_list(request.context, request.path["id"])
    token = client_tokens.get_record(request.tenant, request.path["id"])
    found, end = conversation_list.page(
        token.id, query.offset, query.limit, flow_id=query.flow_id, after=after, at=request.at
    )
    shows_text = "conversations:read" in request.scopes
    response = Response.ok(responses.listed(found, query.pagination(end, token.id), shows_text=shows_text))
    if shows_text:
        audit.record("read_conversations", token.id, context=request.context)
    return response
