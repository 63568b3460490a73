"""GET /v1/targets"""

from __future__ import annotations

from shared import management_admission, permitted_targets
from shared.gateway.frame import Request, Response, management
from shared.store import targets
from shared.wire import targets as responses
from shared.wire.targets import ListTargets


@management("tokens:read")
def handler(request: Request) -> Response:
    query = ListTargets.read_query(request.query)
    first = query.first(request.tenant)
    management_admission.admit_list(request.context)
    listed, following = targets.page(request.tenant, query.limit, first=first)
    return Response.ok(responses.listed(listed, permitted_targets.arns(), query.pagination(following, request.tenant)))
