"""The headers that requests may carry and answers bring, each described once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from infra.tools.openapi.schemas import Schema

_REQUEST: dict[str, Schema] = {
    "Idempotency-Key": {
        "description": (
            "Names this attempt, in 1 to 255 printable ASCII characters. Sent again within 24 hours with the same "
            "body, it is answered as before, and nothing is done twice; with another body it is refused."
        ),
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
        "example": "0b9f1e3a-5c1d-4f4e-9d2a-7f6f8f3d2c11",
    },
    "If-Match": {
        "description": (
            "The ETag of the client token as you know it, or a list of up to 50. If it has changed since, nothing is "
            "done."
        ),
        "schema": {"type": "string", "minLength": 1},
        "example": '"3"',
    },
}
RESPONSE = {
    "ETag": "Names the state of the client token in this answer; for If-Match.",
    "RateLimit-Limit": "Messages that the tightest window takes.",
    "RateLimit-Remaining": "Messages that this client address may still send just now.",
    "RateLimit-Reset": "Seconds until the whole limit is there again, if nobody sends anything before.",
    "Retry-After": "Whole seconds after which the same request may succeed.",
    "WWW-Authenticate": "How to authenticate: Bearer. Absent where a credential expired after its last use.",
}
RATE = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
OF_REFUSALS = {"401": ["WWW-Authenticate"], "409": ["Retry-After"], "429": ["Retry-After"], "503": ["Retry-After"]}

# Where they are said to be at all. A budget that is spent has no Retry-After, a rate that was not counted no rest, and
# API Gateway renames a WWW-Authenticate that a function sends.
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
