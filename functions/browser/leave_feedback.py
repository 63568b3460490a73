"""POST /v1/client/feedback"""

from __future__ import annotations

from shared.admission.feedback import admit_feedback
from shared.gateway.frame import PAGE_BODY_MAX, BrowserRequest, Response, browser
from shared.store import feedback
from shared.wire import feedback as responses
from shared.wire.feedback import LeaveFeedback


@browser(body_max=PAGE_BODY_MAX)
def handler(request: BrowserRequest) -> Response:
    body = LeaveFeedback.read(request.body)
    given = body.feedback()
    session, token = admit_feedback(request.visitor, body.token, body.session_id)
    feedback_id = feedback.put(session, token.product_surface_id, given, at=request.at)
    return Response.ok(responses.stored(feedback_id))
