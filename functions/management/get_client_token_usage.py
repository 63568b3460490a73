"""GET /v1/client-tokens/{id}/usage"""

from __future__ import annotations

from shared import management_admission
from shared.gateway.frame import Request, Response, management
from shared.rules import tally_report
from shared.store import client_tokens, daily_budgets, tallies
from shared.wire import usage as responses
from shared.wire.usage import GetClientTokenUsage


@management("tokens:read")
def handler(request: Request) -> Response:
    span = GetClientTokenUsage.read_query(request.query).span(request.at)
    management_admission.admit_list(request.context, request.path["id"])
    token = client_tokens.get_record(request.tenant, request.path["id"])
    report = tally_report.report(span, tallies.hours(token.id, span.since, span.until, at=request.at))
    held = None if token.settings.daily_budget is None else daily_budgets.find(token.id, request.at)
    return Response.ok(responses.usage(token, report, held))
