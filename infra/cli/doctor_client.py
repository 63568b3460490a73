"""A client of the deployment's API for `doctor`: over HTTPS, as pages and programs reach it, within a bounded time."""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

# For one request, except for one that a target answers.
SECONDS_MAX = 30.0
_BYTES_MAX = 1024 * 1024
_PIECE = 64 * 1024
_CODE = re.compile(r"[a-z_]{1,64}")


class NoAnswer(Exception):  # noqa: N818 - a result of a check
    """The API did not answer. The message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str

    def json(self) -> Mapping[str, Any]:
        """Empty if it is no JSON object."""
        try:
            found = json.loads(self.text)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def __str__(self) -> str:
        """The status and, of an error, its code: nothing else that the API says, which may be a secret."""
        code = self.json().get("code")
        return f"{self.status} {code}" if isinstance(code, str) and _CODE.fullmatch(code) else str(self.status)


@dataclass(frozen=True, slots=True)
class Api:
    """`url`: of the deployment. `ends`: when the last request must have ended, by the monotonic clock."""

    url: str
    ends: float

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str],
        seconds: float = SECONDS_MAX,
    ) -> Answer:
        """`seconds`: for the whole answer. Raises NoAnswer."""
        ends = min(self.ends, time.monotonic() + seconds)
        parts = urlsplit(self.url)
        made = _connection(parts.scheme, parts.netloc, _left(ends))
        sent = None if body is None else json.dumps(body)
        try:
            made.request(method, parts.path + path, sent, {"Content-Type": "application/json", **headers})
            response = made.getresponse()
            text = b""
            # One read of all could take forever: a timeout is that of each packet.
            while piece := response.read1(_PIECE):
                text += piece
                if len(text) > _BYTES_MAX:
                    raise NoAnswer(f"The answer to {method} {path} is larger than 1 MB.")
                if made.sock:
                    made.sock.settimeout(_left(ends))
        except TimeoutError:
            raise NoAnswer(f"{method} {path} was not answered in time.") from None
        except (OSError, HTTPException) as error:
            raise NoAnswer(f"{method} {path} could not be sent to {parts.netloc}: {error}.") from error
        finally:
            made.close()
        return Answer(response.status, text.decode(errors="replace"))


def _connection(scheme: str, host: str, seconds: float) -> HTTPConnection:
    if scheme == "https":
        return HTTPSConnection(host, timeout=seconds, context=ssl.create_default_context())
    return HTTPConnection(host, timeout=seconds)


def _left(ends: float) -> float:
    """Raises NoAnswer if there is no time left."""
    left = ends - time.monotonic()
    if left <= 0:
        raise NoAnswer("There was no time left: the deployment answers too slowly.")
    return left
