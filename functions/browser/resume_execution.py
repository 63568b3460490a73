"""POST /v1/client/resume"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from shared import replies
from shared.admission.resumes import admit_resume
from shared.gateway.streaming import TRANSCRIPT_BODY_MAX, BrowserRequest, EventStream, Response, browser_stream
from shared.wire import resumes as responses
from shared.wire.chat_events import ChatEvents
from shared.wire.resumes import ResumeExecution


@browser_stream(body_max=TRANSCRIPT_BODY_MAX)
def handler(request: BrowserRequest, seconds_left: Callable[[], float]) -> EventStream | Response:
    body = ResumeExecution.read(request.body)
    deadline = request.deadline(seconds_left())
    execution, offer = body.execution(), body.offer()
    admitted = admit_resume(request.visitor, body.session_id, execution, body.tool_outputs, offer, deadline)
    target_id, iteration = admitted.session.target_id, admitted.turn.resumes + 1
    events = ChatEvents(str(execution), target_id, started_at=request.at, clock=monotonic, iteration=iteration)
    reply = replies.stream(admitted, body.assistant_message_id or str(execution), seconds_left)
    if body.stream_response is False:
        return Response.ok(responses.resumed(str(execution), events.stream(reply, seconds_left)))
    return EventStream(events.stream(reply, seconds_left), events.failed)
