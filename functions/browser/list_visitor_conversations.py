"""GET /v1/client/conversations"""

from __future__ import annotations

from shared.admission.history import admit_history
from shared.gateway.frame import HistoryRequest, Response, history
from shared.rules import cursor
from shared.store import visitor_conversations
from shared.wire import history as responses
from shared.wire.history import ListVisitorConversations


@history()
def handler(request: HistoryRequest) -> Response:
    query = ListVisitorConversations.read_query(request.query)
    target_id = query.target()
    admitted = admit_history(request.access(query.session_id))
    scope = ("visitor", admitted.visitor.id, target_id)
    before = cursor.decode(query.cursor, *scope) if query.cursor else None
    found, after = visitor_conversations.page(admitted.visitor.id, target_id, before, query.size(), at=request.at)
    return Response.ok(responses.listed(found, cursor.encode(after, *scope) if after else None))
