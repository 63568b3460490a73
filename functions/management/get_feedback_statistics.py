"""GET /v1/feedback/stats"""

from __future__ import annotations

from shared import management_admission
from shared.gateway.frame import Request, Response, management
from shared.rules.feedback import Statistics
from shared.store import feedback
from shared.wire import feedback_records as responses
from shared.wire.owner_queries import GetFeedbackStatistics


@management("conversations:read")
def handler(request: Request) -> Response:
    query = GetFeedbackStatistics.read_query(request.query)
    management_admission.admit_list(request.context)
    counted = Statistics.of(feedback.types_and_ratings(request.tenant, only=query.only(), at=request.at))
    return Response.ok(responses.statistics(counted))
