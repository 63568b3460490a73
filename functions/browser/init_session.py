"""POST /v1/client/init"""

from __future__ import annotations

from secrets import token_bytes

from shared import log
from shared.admission.sessions import admit_session
from shared.gateway.frame import PAGE_BODY_MAX, BrowserRequest, Response, browser
from shared.store import sessions
from shared.wire import sessions as responses
from shared.wire.sessions import InitSession


@browser(body_max=PAGE_BODY_MAX)
def handler(request: BrowserRequest) -> Response:
    body = InitSession.read(request.body)
    admitted = admit_session(request.visitor, body.token, session_id=body.session_id, flow_id=body.flow_id)
    session_id, current = admitted.resumed or admitted.mint(request.at, token_bytes)
    sessions.save(current)
    if admitted.resumed is None:
        log.count("SessionsOpened", environment=admitted.token.environment)
    return Response.ok(responses.opened(session_id, current, admitted.token))
