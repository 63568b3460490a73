"""GET /v1/audit"""

from __future__ import annotations

from shared import management_admission
from shared.gateway.frame import Request, Response, management
from shared.store import audit
from shared.wire import audit as responses
from shared.wire.audit import ListAuditRecords


@management("audit:read")
def handler(request: Request) -> Response:
    query = ListAuditRecords.read_query(request.query)
    start = query.start(request.tenant)
    management_admission.admit_list(request.context)
    records, following = audit.page(
        request.tenant, query.token, query.limit, since=query.since, until=query.until, start=start, at=request.at
    )
    return Response.ok(responses.listed(records, query.pagination(following, request.tenant)))
