"""Keeps websites away from servers for this machine, to which browsers let any website send requests."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from werkzeug.sansio.utils import host_is_trusted
from werkzeug.wrappers import Response

# A website's name may resolve to this machine (DNS rebinding), but then the Host header has that name.
NAMES = ["127.0.0.1", "localhost"]
_CREDENTIAL = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/")


class LoopbackOnly:
    """A WSGI application that no web page reaches, not even one from this machine; containers on it do."""

    def __init__(self, application: Any, address: str, access_key: str | None = None) -> None:
        """`address`: where it listens. `access_key`: the only one that may sign requests."""
        self._application = application
        self._names = [*NAMES, address, "host.docker.internal"]
        self._access_key = access_key

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # Browsers send Origin with requests of scripts, and Sec-Fetch-Site with all requests.
        is_from_a_page = not environ.keys().isdisjoint({"HTTP_ORIGIN", "HTTP_SEC_FETCH_SITE"})
        if is_from_a_page or not host_is_trusted(environ.get("HTTP_HOST"), self._names):
            refusal = Response("This is for programs, not for web pages.\n", HTTPStatus.FORBIDDEN)
            return refusal(environ, start_response)
        if not self._is_signed(environ.get("HTTP_AUTHORIZATION", "")):
            refusal = Response("This needs the access key that was made up for this run.\n", HTTPStatus.FORBIDDEN)
            return refusal(environ, start_response)
        answer: Iterable[bytes] = self._application(environ, start_response)
        return answer

    def _is_signed(self, authorization: str) -> bool:
        """The access key itself is the secret: on one machine, checking the signature adds nothing."""
        if self._access_key is None:
            return True
        found = _CREDENTIAL.match(authorization)
        return found is not None and hmac.compare_digest(found[1].encode(), self._access_key.encode())
