"""Keeps websites out of what is for this machine alone: a browser lets each of them send requests to it."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from werkzeug.sansio.utils import host_is_trusted
from werkzeug.wrappers import Response

# A website's own name may lead here (DNS rebinding), but then it is the name that is asked for.
NAMES = ["127.0.0.1", "localhost"]


class ForPrograms:
    """A WSGI application that no page reaches, not even one of this machine; containers on it do."""

    def __init__(self, application: Any) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # Browsers send one with what a script asks for, and the other with all that they ask for.
        is_from_a_page = not environ.keys().isdisjoint({"HTTP_ORIGIN", "HTTP_SEC_FETCH_SITE"})
        if is_from_a_page or not host_is_trusted(environ.get("HTTP_HOST"), [*NAMES, "host.docker.internal"]):
            refusal = Response("This is for programs, not for web pages.\n", HTTPStatus.FORBIDDEN)
            return refusal(environ, start_response)
        answer: Iterable[bytes] = self._application(environ, start_response)
        return answer
