"""POST /v1/client/init"""

from __future__ import annotations

from secrets import token_bytes

from shared import admission, gateway, log
from shared.gateway import BrowserRequest, Response
from shared.rules import session
from shared.store import sessions
from shared.wire import sessions as answers
from shared.wire.sessions import InitSession


@gateway.browser
def handler(request: BrowserRequest) -> Response:
    wish = InitSession.read(request.body)
    entry = admission.to_enter(request.visitor, wish.token, session_id=wish.session_id, wanted_target=wish.flow_id)
    session_id, current = entry.resumed or session.mint(
        entry.token,
        jti=entry.jti,
        target_id=entry.target_id,
        origin=entry.origin,
        at=request.at,
        random_bytes=token_bytes,
    )
    sessions.keep(current, counts_use=entry.counts_use, at=request.at)
    if entry.resumed is None:
        log.count("SessionsOpened", environment=entry.token.environment)
    return gateway.ok(answers.opened(session_id, current, entry.token))
