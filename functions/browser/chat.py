"""POST /v1/client/chat"""

from __future__ import annotations

from datetime import UTC, datetime
from secrets import token_bytes

from shared import admission, gateway, log
from shared.gateway import BrowserRequest, Response
from shared.rules import identifier
from shared.store import turns
from shared.targets import answering
from shared.wire import chat
from shared.wire.chat import Chat


@gateway.browser
def handler(request: BrowserRequest) -> Response:
    wish = Chat.read(request.body)
    sent = wish.page_input(request.at, token_bytes)
    visit = admission.to_speak(request.visitor, wish.session_id, sent, request.tell)
    execution_id = identifier.new("exec", request.at, token_bytes)
    reply_id = wish.assistant_message_id or execution_id
    reply = turns.settle(visit.turn, lambda: answering.answer(*visit.request()), reply_id=reply_id)
    log.count("MessagesAnswered", environment=visit.token.environment)
    times = {"started_at": request.at, "completed_at": datetime.now(UTC)}
    return gateway.stream(chat.events(execution_id, visit.turn.session.target_id, reply, **times))
