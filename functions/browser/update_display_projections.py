"""PATCH /v1/client/conversations/{conversationId}/display-projections"""

from __future__ import annotations

from shared.admission.history import DISPLAY_WINDOWS, admit_history, require_displayed
from shared.gateway.frame import HistoryRequest, Response, history
from shared.store import displays
from shared.wire import history as responses
from shared.wire.history import HistoryQuery, UpdateDisplayProjections


@history()
def handler(request: HistoryRequest) -> Response:
    query = HistoryQuery.read_query(request.query)
    texts = UpdateDisplayProjections.read(request.body).displays()
    admitted = admit_history(request.access(query.session_id), request.conversation_id, DISPLAY_WINDOWS)
    record = require_displayed(admitted, request.conversation_id)
    revision = displays.replace_all(record, admitted.visitor.id, texts, at=request.at)
    return Response.ok(responses.displayed(revision))
