"""POST /v1/client/conversations/{conversationId}/executions/{executionId}/cancel"""

from __future__ import annotations

from shared.admission.executions import admit_cancel
from shared.admission.history import admit_history
from shared.gateway.frame import HistoryRequest, Response, history
from shared.store import executions
from shared.wire import executions as responses
from shared.wire.history import HistoryQuery


@history()
def handler(request: HistoryRequest) -> Response:
    query = HistoryQuery.read_query(request.query)
    admitted = admit_history(request.access(query.session_id), request.conversation_id)
    found = admit_cancel(admitted, request.conversation_id, request.execution_id)
    if found.canceled:
        executions.cancel(admitted.session, found.stored, found.canceled)
    return Response.ok(responses.cancellation(request.execution_id, is_accepted=found.canceled is not None))
