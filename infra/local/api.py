"""API Gateway in one WSGI application: a route table, and something that invokes functions by their logical id."""

from __future__ import annotations

import base64
import json
import secrets
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from infra.local import proxy
from infra.local.authorization import Authorization, ConfigurationError
from infra.local.proxy import Call, Malformed
from infra.local.routes import Authorizer, Function, Mock, Routes

Invoke = Callable[[str, dict[str, Any]], Any]
"""Gives the function's answer to an event, as JSON reads it. Raises InvocationFailed."""

# API Gateway takes 10 MB; Lambda takes 6 MB, in which the body is one JSON string.
_REQUEST_MAX = 10 * 1024 * 1024
_EVENT_MAX = 6 * 1024 * 1024
_DRAIN_MAX = 10 * _REQUEST_MAX
_PATIENCE_SECONDS = 29.0
_AT_ONCE = 64


class InvocationFailed(Exception):  # noqa: N818 - an outcome of Lambda's, not a fault of this program
    """The function raised, crashed, ran out of time or answered too much; the message says which."""


class _TookTooLong(Exception):  # noqa: N818 - an outcome too
    """API Gateway waits no longer."""


class _Refused(Exception):  # noqa: N818 - becomes the gateway response of this type
    """`status`: API Gateway's own for this type, where the template names none. `why`: for the developer's terminal."""

    def __init__(self, kind: str, status: int, why: str | None = None) -> None:
        self.kind = kind
        self.status = status
        self.why = why
        super().__init__(kind)


class Api:
    """`clock` gives seconds since 1970; `tell` receives what a developer should know beyond the response."""

    def __init__(
        self,
        routes: Routes,
        invoke: Invoke,
        *,
        clock: Callable[[], float] = time.time,
        patience: float = _PATIENCE_SECONDS,
        tell: Callable[[str], None] = print,
    ) -> None:
        self._routes = routes
        self._invoke = invoke
        self._clock = clock
        self._patience = patience
        self._tell = tell
        self._authorization = Authorization(self._ask)
        # A function that outlives API Gateway's patience runs on, as in Lambda; only the caller stops waiting.
        self._invocations = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="invocation")

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = _REQUEST_MAX
        request_id = request.headers.get("x-amzn-RequestId") or str(uuid.uuid4())
        extended_id = base64.b64encode(secrets.token_bytes(11)).decode()
        call = Call(request_id, extended_id, self._clock(), self._routes.stage, request)
        try:
            response = self._serve(call)
        except RequestEntityTooLarge:
            _drain(request)
            response = self._refuse(call, _Refused("REQUEST_TOO_LARGE", 413))
        except _Refused as refused:
            response = self._refuse(call, refused)
        response.headers["x-amzn-RequestId"] = call.id
        response.headers["x-amz-apigw-id"] = call.extended_id
        return response(environ, start_response)

    def _serve(self, call: Call) -> Response:
        call.request.get_data()
        matched = self._routes.match(call.request.method, call.raw_path)
        if matched is None:
            raise _Refused("MISSING_AUTHENTICATION_TOKEN", 403)
        route, parameters = matched
        context = self._authorize(route.authorizer, call) if route.authorizer else None
        match route.target:
            case Mock():
                return _mocked(route.target, call)
            case Function(name):
                return self._integrate(name, proxy.event(call, route, parameters, context))

    def _authorize(self, authorizer: Authorizer, call: Call) -> dict[str, str]:
        credential = call.request.headers.get(authorizer.header)
        if not credential or (authorizer.expression and not authorizer.expression.fullmatch(credential)):
            raise _Refused("UNAUTHORIZED", 401)
        try:
            decision = self._authorization.decide(authorizer, credential, call)
        except (InvocationFailed, _TookTooLong) as error:
            raise _Refused("AUTHORIZER_FAILURE", 500, f"{authorizer.function} failed: {error}") from error
        except ConfigurationError as error:
            why = f"{authorizer.function} gave an answer that API Gateway refuses: {error}"
            raise _Refused("AUTHORIZER_CONFIGURATION_ERROR", 500, why) from error
        if not decision.allows(call.arn):
            raise _Refused("ACCESS_DENIED", 403)
        return decision.context

    def _integrate(self, function: str, event: dict[str, Any]) -> Response:
        if len(json.dumps(event, ensure_ascii=False).encode(errors="replace")) > _EVENT_MAX:
            raise _Refused("REQUEST_TOO_LARGE", 413)
        try:
            return proxy.response(self._ask(function, event))
        except _TookTooLong as error:
            raise _Refused("INTEGRATION_TIMEOUT", 504) from error
        except InvocationFailed as error:
            raise _Refused("INTEGRATION_FAILURE", 502, f"{function} failed: {error}") from error
        except Malformed as error:
            why = f"{function} gave an answer that API Gateway refuses: {error}"
            raise _Refused("INTEGRATION_FAILURE", 502, why) from error

    def _ask(self, function: str, event: dict[str, Any]) -> Any:
        answer = self._invocations.submit(self._invoke, function, event)
        if not wait([answer], self._patience).done:
            raise _TookTooLong(f"no answer in {self._patience:g} s")
        return answer.result()

    def _refuse(self, call: Call, refused: _Refused) -> Response:
        if refused.why:
            self._tell(refused.why)
        refusals = self._routes.refusals
        rest = "DEFAULT_4XX" if refused.status < 500 else "DEFAULT_5XX"  # noqa: PLR2004
        answer = refusals.get(refused.kind, refusals[rest])
        status = answer.status or refused.status
        return Response(answer.text(call.extended_id), status, answer.headers, content_type="application/json")


def _drain(request: Request) -> None:
    """Reads what is not wanted: a client that is still sending when the connection closes never sees the refusal."""
    left = min(request.content_length or 0, _DRAIN_MAX)
    while left > 0 and (chunk := request.environ["wsgi.input"].read(min(left, 1 << 16))):
        left -= len(chunk)


def _mocked(mock: Mock, call: Call) -> Response:
    if call.request.mimetype not in {"", "application/json"}:
        if mock.takes_other_types:
            # Without a matching template the body itself would have to name a status, and no client's does.
            raise _Refused("API_CONFIGURATION_ERROR", 500)
        raise _Refused("UNSUPPORTED_MEDIA_TYPE", 415)
    answer = mock.answer
    return Response(answer.text(call.extended_id), answer.status, answer.headers, content_type="application/json")
