"""GET /v1/feedback"""

from __future__ import annotations

from shared import management_admission
from shared.gateway.frame import Request, Response, management
from shared.store import audit, feedback
from shared.wire import feedback_records as responses
from shared.wire.owner_queries import ListFeedback


@management("conversations:read")
def handler(request: Request) -> Response:
    query = ListFeedback.read_query(request.query)
    only, after = query.only(), query.after(request.tenant)
    management_admission.admit_list(request.context)
    found, end = feedback.page(request.tenant, query.offset, query.limit, only=only, after=after, at=request.at)
    response = Response.ok(responses.listed(found, query.pagination(end, request.tenant)))
    audit.record("list_feedback", request.tenant, context=request.context)
    return response
