"""DELETE /v1/feedback/{feedback}"""

from __future__ import annotations

from shared import management_admission
from shared.gateway.frame import Request, Response, management
from shared.rules.audit import AuditRecord
from shared.store import audit, feedback
from shared.wire import feedback_records as responses


@management("conversations:write")
def handler(request: Request) -> Response:
    management_admission.admit_deletion(request.context)
    feedback_id = request.path["feedback"]
    record = AuditRecord(context=request.context, action="delete_feedback", subject=feedback_id)
    feedback.delete(request.tenant, feedback_id, audit.record_write(record), at=request.at)
    return Response.ok(responses.deleted())
