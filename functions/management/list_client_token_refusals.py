"""GET /v1/client-tokens/{id}/refusals"""

from __future__ import annotations

from shared import management_admission
from shared.gateway.frame import Request, Response, management
from shared.rules import tally_report
from shared.store import tallies
from shared.wire import usage as responses
from shared.wire.usage import ListClientTokenRefusals


@management("tokens:read")
def handler(request: Request) -> Response:
    span = ListClientTokenRefusals.read_query(request.query).span(request.at)
    token_id = request.path["id"]
    management_admission.admit_list(request.context, token_id)
    groups = tally_report.refusals(tallies.hours(token_id, span.since, span.until, at=request.at))
    return Response.ok(responses.refusals(span, groups))
