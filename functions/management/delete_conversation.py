"""DELETE /v1/conversations/{conversation}"""

from __future__ import annotations

from shared import management_admission
from shared.gateway.frame import Request, Response, management
from shared.rules.audit import AuditRecord
from shared.store import audit, conversation_deletion
from shared.wire import transcripts as responses


@management("conversations:write")
def handler(request: Request) -> Response:
    conversation_id = request.path["conversation"]
    management_admission.admit_deletion(request.context)
    record = AuditRecord(context=request.context, action="delete_conversation", subject=conversation_id)
    conversation_deletion.delete(request.tenant, conversation_id, audit.record_write(record), at=request.at)
    return Response.ok(responses.deleted())
