"""GET /v1/conversations/{conversation}"""

from __future__ import annotations

from shared import management_admission
from shared.gateway.frame import Request, Response, management
from shared.store import audit, feedback, transcripts
from shared.wire import transcripts as responses
from shared.wire.owner_queries import GetConversation


@management("conversations:read")
def handler(request: Request) -> Response:
    conversation_id = request.path["conversation"]
    query = GetConversation.read_query(request.query)
    before = query.before(conversation_id)
    management_admission.admit_list(request.context)
    found = transcripts.get(request.tenant, conversation_id, at=request.at)
    turns, end = transcripts.page(found.id, query.message_limit, before=before, at=request.at)
    response = Response.ok(responses.found(found, turns, end, feedback.newest_of_conversation(found.id, at=request.at)))
    audit.record("read_conversation", found.id, context=request.context)
    return response
