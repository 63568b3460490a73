"""The headers of requests and responses, each described once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from infra.tools.openapi.schemas import Schema

_REQUEST: dict[str, Schema] = {
    "Idempotency-Key": {
        "description": (
            "Makes the request idempotent: a retry with the same body within 24 hours gets the first response again. "
            "A different body is refused. 1 to 255 printable ASCII characters."
        ),
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
        "example": "0b9f1e3a-5c1d-4f4e-9d2a-7f6f8f3d2c11",
    },
    "If-Match": {
        "description": (
            "The ETag of the client token as you know it, or a list of up to 50. If the token has changed since, the "
            "request fails with 412."
        ),
        "schema": {"type": "string", "minLength": 1},
        "example": '"3"',
    },
    "X-Visitor-Token": {
        "description": "The visitor's secret, as init returned it. Without it, every request but a reset is refused.",
        "schema": {"type": "string", "minLength": 1},
        "example": "cvt_...",
    },
    "X-Identity-Proof": {
        "description": "A proof of the visitor's identity. None is admitted: with it, the request gets a 503.",
        "schema": {"type": "string"},
        "example": "eu_...",
    },
}
OF_HISTORY = ("X-Visitor-Token", "X-Identity-Proof")
RESPONSE = {
    "ETag": "The state of the client token in this response, for If-Match.",
    "RateLimit-Limit": "The limit of the tightest window, in messages.",
    "RateLimit-Remaining": "Messages that this client address can still send now.",
    "RateLimit-Reset": "Seconds until the full limit is available again.",
    "X-History-Identity-Status": "not_provided, or ignored if the request had a proof of identity.",
    "Retry-After": "Whole seconds after which the same request may succeed.",
    "WWW-Authenticate": "How to authenticate: Bearer. Absent if a credential expired after its last use.",
}
RATE = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
IDENTITY = ("X-History-Identity-Status",)
OF_REFUSALS = {"401": ["WWW-Authenticate"], "409": ["Retry-After"], "429": ["Retry-After"], "503": ["Retry-After"]}

# Always present where they are listed. Others can be absent: a spent budget has no Retry-After, an uncounted request
# has no remaining rate, what API Gateway refuses has none of ours, and it renames a WWW-Authenticate that a function
# sends.
_ALWAYS = {"ETag"}
_WHOLE_NUMBERS = {*RATE, "Retry-After"}


def parameters() -> dict[str, Any]:
    """For the document's components."""
    return {name: {"name": name, "in": "header", "required": False} | one for name, one in _REQUEST.items()}


def components() -> dict[str, Any]:
    """For the document's components."""
    number = {"type": "integer", "minimum": 0}
    return {
        name: {
            "description": text,
            "required": name in _ALWAYS,
            "schema": number if name in _WHOLE_NUMBERS else {"type": "string"},
        }
        for name, text in RESPONSE.items()
    }


def references(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
