"""GET /v1/client/conversations/{conversationId}"""

from __future__ import annotations

from shared.admission.history import admit_history, find_conversation
from shared.gateway.frame import HistoryRequest, Response, history
from shared.rules import cursor, visitor_conversation
from shared.store import visitor_conversations
from shared.wire import history as responses
from shared.wire.history import GetVisitorConversation


@history()
def handler(request: HistoryRequest) -> Response:
    query = GetVisitorConversation.read_query(request.query)
    admitted = admit_history(request.access(query.session_id), request.conversation_id)
    record = find_conversation(admitted, request.conversation_id)
    if record is None:
        return Response.ok(responses.found(visitor_conversation.empty(admitted.session), [], None))
    scope = ("messages", admitted.visitor.id, record["id"])
    before = cursor.decode(query.message_cursor, *scope) if query.message_cursor else None
    shown, found, after = visitor_conversations.read(record, before, query.size(), at=request.at)
    after = cursor.encode(after, *scope) if after else None
    return Response.ok(responses.found(shown, visitor_conversation.in_order(found), after))
