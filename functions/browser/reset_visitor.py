"""POST /v1/client/visitor/reset"""

from __future__ import annotations

from shared.admission.history import admit_reset
from shared.gateway.frame import HistoryRequest, Response, history
from shared.store import returning_visitors
from shared.wire import history as responses
from shared.wire.history import HistoryQuery


@history()
def handler(request: HistoryRequest) -> Response:
    query = HistoryQuery.read_query(request.query)
    visitor = admit_reset(request.access(query.session_id))
    if visitor:
        returning_visitors.forget(visitor, at=request.at)
    return Response.ok(responses.forgotten())
