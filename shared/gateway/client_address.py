"""The client's address: the connection's, or the one that a trusted proxy in front of the API names.

A proxy such as CloudFront or Cloudflare proves itself by a secret header. Without the proof, or where the named address
is malformed, the connection's address counts. A client's own claim is never trusted.
"""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Mapping
from typing import Any

from shared.rules import digest, visitor

_PORT = re.compile(r"[0-9]{1,5}")


def resolve(event: Mapping[str, Any], connection: str) -> str:
    """`connection`: the address from which API Gateway was called."""
    header = os.environ["CLIENT_ADDRESS_HEADER"].lower()
    if not header or not _is_proven(_only_value(event, "x-proxy-secret")):
        return connection
    try:
        return visitor.normal_address(_written(header, _only_value(event, header), connection))
    except ValueError:
        return connection


def _is_proven(secret: str) -> bool:
    """Whether the secret has one of the digests: two are valid during a rotation. All are compared in constant time."""
    if not secret or not secret.isascii():
        return False
    given, expected = digest.sha256_hex(secret), os.environ["PROXY_SECRET_DIGESTS"].lower().split(",")
    return sum(hmac.compare_digest(given, one) for one in expected) > 0


def _only_value(event: Mapping[str, Any], header: str) -> str:
    """Empty if the header is absent or sent more than once: then one of them is not the proxy's."""
    by_name = event.get("multiValueHeaders") or {}
    values = [value for name in by_name if name.lower() == header for value in by_name[name]]
    return values[0].strip() if len(values) == 1 else ""


def _written(header: str, value: str, connection: str) -> str:
    """The text that should be an address. Empty if the header is malformed."""
    address = ""
    match header:
        case "cf-connecting-ip":
            address = value
        case "cloudfront-viewer-address":
            # With its port, and IPv6 without brackets: 2001:db8::1:46532.
            before, _, port = value.rpartition(":")
            address = before.removeprefix("[").removesuffix("]") if _PORT.fullmatch(port) else ""
        case "x-forwarded-for":
            # The proxy's entry is the last one that it sent. API Gateway appends the connection's.
            *_, before, last = ["", *(entry.strip() for entry in value.rsplit(",", 2))]
            address = before if _is_same(last, connection) else last
    return address


def _is_same(text: str, connection: str) -> bool:
    """Whether both are the same address, which has several spellings."""
    try:
        return visitor.normal_address(text) == visitor.normal_address(connection)
    except ValueError:
        return False
