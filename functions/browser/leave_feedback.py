"""POST /v1/client/feedback"""

from __future__ import annotations

from shared import admission, gateway
from shared.gateway import BrowserRequest, Response
from shared.store import conversations
from shared.wire import feedback as responses
from shared.wire.feedback import LeaveFeedback


@gateway.browser(body_max=gateway.PAGE_BODY_MAX)
def handler(request: BrowserRequest) -> Response:
    body = LeaveFeedback.read(request.body)
    feedback = body.feedback()
    session = admission.admit_feedback(request.visitor, body.token, body.session_id)
    feedback_id = conversations.put_feedback(session, feedback, at=request.at)
    return gateway.ok(responses.stored(feedback_id))
