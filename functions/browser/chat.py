"""POST /v1/client/chat"""

from __future__ import annotations

from datetime import UTC, datetime
from secrets import token_bytes

from shared import admission, log
from shared.gateway.frame import TRANSCRIPT_BODY_MAX, BrowserRequest, Response, browser
from shared.rules import identifier
from shared.store import turns
from shared.targets import answering
from shared.wire import chat
from shared.wire.chat import Chat


@browser(body_max=TRANSCRIPT_BODY_MAX)
def handler(request: BrowserRequest) -> Response:
    body = Chat.read(request.body)
    page_input = body.page_input(request.at, token_bytes)
    admitted = admission.admit_message(request.visitor, body.session_id, page_input, request.add_rate_headers)
    execution_id = identifier.new("exec", request.at, token_bytes)
    reply_id = body.assistant_message_id or execution_id
    reply = turns.complete(admitted.turn, lambda: answering.text(admitted.request), reply_id=reply_id)
    log.count("MessagesAnswered", environment=admitted.token.environment)
    times = {"started_at": request.at, "completed_at": datetime.now(UTC)}
    return Response.stream(chat.events(execution_id, admitted.turn.session.target_id, reply, **times))
