"""A request as API Gateway processes it."""

from __future__ import annotations

import base64
import re
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from werkzeug.wrappers import Request

from infra.local import access

ACCOUNT = "123456789012"
API_ID = "local"

RAW_HEADERS = "client_tokens.raw_headers"
"""Under this key a server leaves the headers as they were sent. WSGI joins repeated ones and forgets their spelling."""

_TRACE = re.compile(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}(;Parent=[0-9a-f]{16})?(;Sampled=[01])?")


@dataclass(frozen=True, slots=True)
class Call:
    """`id`: callers can choose it. `extended_id`: API Gateway's own. `at`: when it arrived (seconds since 1970).
    `headers`: as sent, including repeated ones. `trace`: the value of X-Amzn-Trace-Id.
    """

    id: str
    extended_id: str
    at: float
    stage: str
    request: Request
    headers: Sequence[tuple[str, str]]
    trace: str

    @classmethod
    def receive(cls, request: Request, at: float, stage: str) -> Call:
        return cls(
            id=request.headers.get("x-amzn-RequestId") or str(uuid.uuid4()),
            extended_id=base64.b64encode(secrets.token_bytes(11)).decode(),
            at=at,
            stage=stage,
            request=request,
            headers=request.environ.get(RAW_HEADERS) or list(request.headers.items()),
            trace=_trace(request.headers.get("X-Amzn-Trace-Id", ""), at),
        )

    @property
    def header_bytes(self) -> int:
        """The size of all header lines, with their line breaks."""
        return sum(len(f"{name}: {value}\r\n") for name, value in self.headers)

    @property
    def url_characters(self) -> int:
        """The length of the URL as sent, with its host and its query."""
        return len(f"{self.request.scheme}://{self.request.host}{self.request.environ['REQUEST_URI']}")

    @property
    def raw_path(self) -> str:
        """The path as sent: an encoded slash does not separate segments."""
        path: str = self.request.environ["REQUEST_URI"].partition("?")[0]
        return path

    @property
    def arn(self) -> str:
        """The ARN that an authorizer's policy must match."""
        stage = f"{API_ID}/{self.stage}/{self.request.method}"
        return f"arn:aws:execute-api:{access.REGION}:{ACCOUNT}:{stage}/{self.raw_path.lstrip('/')}"


def _trace(sent: str, at: float) -> str:
    """Continues the caller's trace, or starts a new one if the header is malformed."""
    return sent if _TRACE.fullmatch(sent) else f"Root=1-{int(at):08x}-{secrets.token_hex(12)}"
