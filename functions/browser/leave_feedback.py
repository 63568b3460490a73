"""POST /v1/client/feedback"""

from __future__ import annotations

from shared import admission, gateway
from shared.gateway import BrowserRequest, Response
from shared.store import conversations
from shared.wire import feedback as answers
from shared.wire.feedback import LeaveFeedback


@gateway.browser
def handler(request: BrowserRequest) -> Response:
    wish = LeaveFeedback.read(request.body)
    feedback = wish.feedback()
    session = admission.to_rate(request.visitor, wish.token, wish.session_id)
    feedback_id = conversations.rate(session, feedback, at=request.at)
    return gateway.ok(answers.left(feedback_id))
