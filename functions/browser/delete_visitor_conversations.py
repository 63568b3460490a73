"""DELETE /v1/client/conversations"""

from __future__ import annotations

from shared.admission.history import admit_history
from shared.gateway.frame import HistoryRequest, Response, history
from shared.store import conversation_deletion
from shared.wire import history as responses
from shared.wire.history import OfTarget


@history()
def handler(request: HistoryRequest) -> Response:
    query = OfTarget.read_query(request.query)
    target_id = query.target()
    admitted = admit_history(request.access(query.session_id))
    visitor_id, current_id = admitted.visitor.id, admitted.session.conversation_id
    count = conversation_deletion.delete_of_visitor(visitor_id, target_id, current_id, at=request.at)
    return Response.ok(responses.deleted(count))
