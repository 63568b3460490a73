"""GET /v1/feedback/{feedback}"""

from __future__ import annotations

from shared import management_admission
from shared.gateway.frame import Request, Response, management
from shared.store import audit, feedback
from shared.wire import feedback_records as responses


@management("conversations:read")
def handler(request: Request) -> Response:
    management_admission.admit_list(request.context)
    found = feedback.get(request.tenant, request.path["feedback"], at=request.at)
    response = Response.ok(responses.found(found))
    audit.record("read_feedback", found.id, context=request.context)
    return response
