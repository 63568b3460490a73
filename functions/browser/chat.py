"""POST /v1/client/chat"""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_bytes
from time import monotonic

from shared import replies
from shared.admission.messages import admit_message
from shared.gateway.streaming import TRANSCRIPT_BODY_MAX, BrowserRequest, EventStream, browser_stream
from shared.wire.chat import Chat
from shared.wire.chat_events import ChatEvents


@browser_stream(body_max=TRANSCRIPT_BODY_MAX)
def handler(request: BrowserRequest, seconds_left: Callable[[], float]) -> EventStream:
    body = Chat.read(request.body)
    page_input, offer = body.page_input(request.at, token_bytes), body.offer()
    deadline = request.deadline(seconds_left())
    admitted = admit_message(request.visitor, body.session_id, page_input, deadline, request.add_rate_headers, offer)
    execution_id = admitted.turn.execution_id
    events = ChatEvents(execution_id, admitted.session.target_id, started_at=request.at, clock=monotonic)
    reply = replies.stream(admitted, body.assistant_message_id or execution_id, seconds_left)
    return EventStream(events.stream(reply, seconds_left), events.failed)
