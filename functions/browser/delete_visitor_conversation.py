"""DELETE /v1/client/conversations/{conversationId}"""

from __future__ import annotations

from shared.admission.history import admit_history, require_deletable
from shared.gateway.frame import HistoryRequest, Response, history
from shared.store import conversation_deletion, conversations
from shared.wire import history as responses
from shared.wire.history import HistoryQuery


@history()
def handler(request: HistoryRequest) -> Response:
    query = HistoryQuery.read_query(request.query)
    admitted = admit_history(request.access(query.session_id), request.conversation_id)
    record = require_deletable(admitted)
    conversations.mark(record["id"], admitted.visitor.id)
    conversation_deletion.delete_marked(record, at=request.at)
    return Response.ok(responses.deleted(1))
