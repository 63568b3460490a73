"""HTTP headers: those of every response, and the meaning of those in requests."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from shared.errors import InvalidRequest, PreconditionFailed
from shared.rules import returning_visitor
from shared.rules.rate_limit import RateLimitStatus

OF_EVERY_RESPONSE = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=63072000",
    # Pages read every response, errors included. No cookie is ever used, so any origin may.
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "ETag, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-History-Identity-Status, "
        "x-amz-apigw-id"
    ),
    "Vary": "Origin",
}
OF_A_STREAM = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store, no-cache, no-transform"}
# A page runs only its own files, sends requests only to this API, and can't be framed. No script or style is inline,
# and no text becomes HTML.
OF_EVERY_FILE = {
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=63072000",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
        "trusted-types 'none'"
    ),
}
_MEDIA_TYPES = {
    "css": "text/css",
    "html": "text/html",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "txt": "text/plain",
}
# RFC 9110, section 8.8.3.
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
# What `etag` writes. Any other tag never matches, and neither does a weak one.
_OURS = re.compile(r'"([1-9][0-9]{0,14})"')
# Proxies that compress a response make its tag weak, or add a suffix: "3-gzip", "3--gzip", "3;gzip", "3:gzip".
_CHANGED = re.compile(r'W/.*|"[1-9][0-9]{0,14}[^0-9A-Za-z].*[A-Za-z].*"', re.DOTALL)
_TAGS_MAX = 50
_KEY = re.compile(r"[\x20-\x7e]{1,255}")


def combined(by_name: Mapping[str, Sequence[str]] | None) -> dict[str, str]:
    """By lower-case name. Repeated headers are joined into one list (RFC 9110, section 5.3)."""
    lists: dict[str, list[str]] = {}
    for name, values in (by_name or {}).items():
        lists.setdefault(name.lower(), []).extend(values)
    return {name: ", ".join(values) for name, values in lists.items()}


def rate_limit(status: RateLimitStatus) -> dict[str, str]:
    """The fields of draft-ietf-httpapi-ratelimit-headers-06."""
    return {
        "RateLimit-Limit": str(status.limit),
        "RateLimit-Remaining": str(status.remaining),
        "RateLimit-Reset": str(status.reset),
    }


def of_file(name: str, *, changes: bool) -> dict[str, str]:
    """`changes`: whether its content may change while its name stays the same."""
    return OF_EVERY_FILE | {
        "Content-Type": f"{_MEDIA_TYPES[name.rpartition('.')[2]]}; charset=utf-8",
        "Cache-Control": "no-cache" if changes else "public, max-age=31536000, immutable",
    }


def identity_status(*, has_proof: bool) -> dict[str, str]:
    """Of every answer about a visitor's history. A page discards one that admits another identity than it proved."""
    return {"X-History-Identity-Status": returning_visitor.identity_status(has_proof=has_proof)}


def etag(revision: int) -> dict[str, str]:
    return {"ETag": f'"{revision}"'}


def idempotency_key(headers: Mapping[str, str]) -> str | None:
    """Raises InvalidRequest if the key is malformed."""
    key = headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidRequest(
            "An Idempotency-Key is 1 to 255 printable ASCII characters.",
            code="invalid_header",
            hint="Send a random one for each new request, such as a UUID.",
        )
    return key


def expected_revisions(headers: Mapping[str, str]) -> frozenset[int] | None:
    """The revisions that If-Match names; None where it asks for none in particular. Raises InvalidRequest."""
    written = headers.get("if-match")
    # A star only requires that the token exists, which every change requires anyway.
    if written is None or written.strip() == "*":
        return None
    tags = _TAG.findall(written)
    # The list without its tags. RFC 9110 allows empty entries.
    places = {place.strip(" \t") for place in _TAG.sub("\0", written).split(",")}
    if not 1 <= len(tags) <= _TAGS_MAX or not places <= {"\0", ""}:
        raise InvalidRequest(
            "If-Match is not a list of entity tags.",
            code="invalid_header",
            hint=f'Send an ETag from a response, such as If-Match: "3". A list can have up to {_TAGS_MAX}.',
        )
    return frozenset(int(ours[1]) for tag in tags if (ours := _OURS.fullmatch(tag)))


def precondition_failed(headers: Mapping[str, str]) -> PreconditionFailed:
    """The error where the revision is none that If-Match names. Reading again does not help if a proxy changes tags."""
    if any(map(_CHANGED.fullmatch, _TAG.findall(headers.get("if-match", "")))):
        return PreconditionFailed(
            "If-Match has an entity tag that a proxy has changed, which never matches.",
            hint=(
                "A proxy that compresses responses adds W/ or a suffix such as -gzip. Send the tag without it, such as "
                '"3", or turn compression off for this API.'
            ),
        )
    return PreconditionFailed()
