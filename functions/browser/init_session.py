"""POST /v1/client/init"""

from __future__ import annotations

from secrets import token_bytes

from shared import log
from shared.admission.sessions import open_session
from shared.gateway.frame import PAGE_BODY_MAX, BrowserRequest, Response, browser
from shared.wire import sessions as responses
from shared.wire.sessions import InitSession


@browser(body_max=PAGE_BODY_MAX)
def handler(request: BrowserRequest) -> Response:
    body = InitSession.read(request.body)
    opened = open_session(request.visitor, body.token, body.wanted(), token_bytes)
    if opened.is_new:
        log.add(outcome="opened")
    return Response.ok(responses.opened(opened.id, opened.session, opened.token, opened.revision, opened.visitor))
