"""API Gateway as one WSGI application: a route table, and functions to invoke by their logical id."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from http import HTTPStatus
from typing import Any

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from infra.local import proxy, refusals, streaming
from infra.local.authorization import Authorization, ConfigurationError
from infra.local.call import Call
from infra.local.proxy import Malformed
from infra.local.refusals import GatewayError
from infra.local.routes import Authorizer, Function, Mock, Routes
from infra.local.terminal import harmless

Invoke = Callable[[str, dict[str, Any]], Any]
"""Gives the function's answer to an event, as JSON reads it. Raises InvocationFailed."""

InvokeStream = Callable[[str, dict[str, Any]], Iterator[bytes]]
"""Gives the parts of the function's answer to an event as they come. Raises InvocationFailed, after some parts too."""

_ARN_MAX = 1600
# API Gateway takes 10 MB; Lambda takes 6 MB, in which the body is one JSON string.
_REQUEST_MAX = 10 * 1024 * 1024
_EVENT_MAX = 6 * 1024 * 1024
_DRAIN_MAX = 10 * _REQUEST_MAX
_TIMEOUT_SECONDS = 29.0
_AT_ONCE = 64


class InvocationFailed(Exception):  # noqa: N818 - an outcome of Lambda's, not a fault of this program
    """The function raised an error, crashed, timed out, or returned too much.

    The message says which. For a function that raised it is the error's type, a colon, and the error's message.
    """


class _TookTooLong(Exception):  # noqa: N818 - an outcome too
    """API Gateway's own timeout."""


class Api:
    """`clock`: returns seconds since 1970. `log`: gets lines for the developer that are not part of the response."""

    def __init__(
        self,
        routes: Routes,
        invoke: Invoke,
        stream: InvokeStream,
        *,
        clock: Callable[[], float] = time.time,
        timeout: float = _TIMEOUT_SECONDS,
        log: Callable[[str], None] = print,
    ) -> None:
        self._routes = routes
        self._invoke = invoke
        self._invoke_stream = stream
        self._clock = clock
        self._timeout = timeout
        self._log = log
        self._authorization = Authorization(self._ask)
        # After API Gateway's timeout the function runs on, as in Lambda; only the caller stops waiting.
        self._invocations = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="invocation")

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = _REQUEST_MAX
        call = Call.receive(request, self._clock(), self._routes.stage)
        if status := _too_long(call):
            _drain(request)
            return refusals.preceding(status)(environ, start_response)
        try:
            response = self._serve(call)
        except ClientDisconnected:
            # The body is shorter than announced, or a chunk of it is malformed.
            return refusals.preceding(HTTPStatus.BAD_REQUEST)(environ, start_response)
        except RequestEntityTooLarge:
            _drain(request)
            response = self._refuse(call, GatewayError("REQUEST_TOO_LARGE"))
        except GatewayError as refused:
            response = self._refuse(call, refused)
        response.headers["x-amzn-RequestId"] = call.id
        response.headers["x-amz-apigw-id"] = call.extended_id
        return response(environ, start_response)

    def _serve(self, call: Call) -> Response:
        call.request.get_data()
        matched = self._routes.match(call.request.method, call.raw_path)
        if matched is None:
            # Without a route, any Authorization header is read as an AWS signature.
            is_signed = "Authorization" in call.request.headers
            raise GatewayError("INVALID_SIGNATURE" if is_signed else "MISSING_AUTHENTICATION_TOKEN")
        route, parameters = matched
        context = self._authorize(route.authorizer, call) if route.authorizer else None
        match route.target:
            case Mock():
                return _mocked(route.target, call)
            case Function():
                return self._integrate(route.target, proxy.event(call, route, parameters, context), call)

    def _authorize(self, authorizer: Authorizer, call: Call) -> dict[str, str]:
        credential = call.request.headers.get(authorizer.header)
        if not credential or (authorizer.expression and not authorizer.expression.fullmatch(credential)):
            raise GatewayError("UNAUTHORIZED")
        if len(call.arn) > _ARN_MAX:
            raise GatewayError("REQUEST_URI_TOO_LONG")
        try:
            decision = self._authorization.decide(authorizer, credential, call)
        except (InvocationFailed, _TookTooLong) as error:
            if _means_unauthorized(error):
                raise GatewayError("UNAUTHORIZED") from error
            raise GatewayError("AUTHORIZER_FAILURE", f"{authorizer.function} failed: {error}") from error
        except ConfigurationError as error:
            reason = f"{authorizer.function} gave an answer that API Gateway refuses: {error}"
            raise GatewayError("AUTHORIZER_CONFIGURATION_ERROR", reason) from error
        if not decision.allows(call.arn):
            raise GatewayError("ACCESS_DENIED", authorizer=decision.context)
        return decision.context

    def _integrate(self, target: Function, event: dict[str, Any], call: Call) -> Response:
        function = target.name
        if len(json.dumps(event, ensure_ascii=False).encode(errors="replace")) > _EVENT_MAX:
            raise GatewayError("REQUEST_TOO_LARGE")
        try:
            if target.streams:
                return self._stream(target, event, call)
            return proxy.response(self._ask(function, event), call)
        except (_TookTooLong, streaming.TimedOut) as error:
            raise GatewayError("INTEGRATION_TIMEOUT") from error
        except InvocationFailed as error:
            raise GatewayError("INTEGRATION_FAILURE", f"{function} failed: {error}") from error
        except Malformed as error:
            reason = f"{function} gave an answer that API Gateway refuses: {error}"
            raise GatewayError("INTEGRATION_FAILURE", reason) from error

    def _stream(self, target: Function, event: dict[str, Any], call: Call) -> Response:
        """Once the prelude has arrived, the status is sent: a later failure can only end the body."""
        parts = partial(self._invoke_stream, target.name, event)
        stream = streaming.Stream(parts, self._invocations, target.timeout)
        prelude, first = stream.prelude()
        return proxy.streamed(prelude, self._body(target.name, stream.body(first)), call)

    def _body(self, function: str, parts: Iterator[bytes]) -> Iterator[bytes]:
        try:
            yield from parts
        except (InvocationFailed, streaming.TimedOut) as error:
            self._log(harmless(f"{function} failed in the middle of its response: {error}"))
            # The server then closes the connection without the last chunk, as API Gateway does.
            raise ConnectionAbortedError from error

    def _ask(self, function: str, event: dict[str, Any]) -> Any:
        answer = self._invocations.submit(self._invoke, function, event)
        if not wait([answer], self._timeout).done:
            raise _TookTooLong(f"no answer in {self._timeout:g} s")
        return answer.result()

    def _refuse(self, call: Call, refused: GatewayError) -> Response:
        if refused.reason:
            self._log(harmless(refused.reason))
        return refusals.response(refused, self._routes.refusals, call)


def _means_unauthorized(error: Exception) -> bool:
    """An authorizer rejects a credential, instead of failing, with an error whose whole message is this word."""
    text = str(error)
    return (text.partition(": ")[2] or text) == "Unauthorized"


def _too_long(call: Call) -> HTTPStatus | None:
    if call.url_characters > refusals.URL_MAX:
        return HTTPStatus.REQUEST_URI_TOO_LONG
    return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if call.header_bytes > refusals.HEADERS_MAX else None


def _drain(request: Request) -> None:
    """Reads the rest of the body: a client that is still sending when the connection closes never sees the error."""
    left = min(request.content_length or 0, _DRAIN_MAX)
    while left > 0 and (chunk := request.environ["wsgi.input"].read(min(left, 1 << 16))):
        left -= len(chunk)


def _mocked(mock: Mock, call: Call) -> Response:
    if call.request.mimetype not in {"", "application/json"}:
        if mock.takes_other_types:
            # Without a matching template, the body itself would have to name a status, and no client's does.
            raise GatewayError("API_CONFIGURATION_ERROR")
        raise GatewayError("UNSUPPORTED_MEDIA_TYPE")
    answer = mock.answer
    return Response(answer.text(call.extended_id), answer.status, answer.headers, content_type="application/json")
