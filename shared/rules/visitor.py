"""The visitor behind a browser request: the page's origin and the client's address."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Visitor:
    """`origin`: the Origin header as sent, None without one. `address`: the client's.

    `own_host`: the API's own host, if the browser says that the page is on it.
    """

    origin: str | None
    address: str
    at: datetime
    own_host: str | None = None

    def on_page_of(self, session_origin: str) -> Visitor:
        """The visitor with the session's origin, if that is the API's own, for which browsers send no Origin header."""
        is_own = self.own_host is not None and session_origin.partition("://")[2] == self.own_host
        return replace(self, origin=session_origin) if self.origin is None and is_own else self


# As browsers write an origin, in lower case.
_LABEL = r"[a-z0-9_-]{1,63}"
_ORIGIN = re.compile(
    rf"[a-z][a-z0-9+.-]{{0,30}}://(?:{_LABEL}(?:\.{_LABEL}){{0,126}}|\[[0-9a-f:.]{{2,45}}\]|\.?)(?::[0-9]{{1,5}})?|null"
)
# Apps choose other hosts, and some engines keep their case.
_APP_ORIGIN = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]{0,30}://[A-Za-z0-9._~-]{1,253}(?::[0-9]{1,5})?")
# What may be a secret of ours, or part of one. A label of a host has at most 63 characters.
_SECRET = re.compile(r"(?i:ctk_|cvt_|(?<![a-z0-9])cs_)|eyJ|[A-Za-z0-9_~-]{64}")
# Room for a host of 253 characters, a long scheme, a wildcard, and a port. It also bounds the work per header.
ORIGIN_LENGTH_MAX = 300


def shown_origin(header: str) -> str | None:
    """An origin as a token's owner lists it. None for what may not be repeated: the header can hold anything."""
    if len(header) > ORIGIN_LENGTH_MAX or _SECRET.search(header):
        return None
    is_origin = _ORIGIN.fullmatch(header) or _APP_ORIGIN.fullmatch(header)
    return header.lower() if is_origin else None


def loggable(header: str | None) -> str | None:
    """An Origin header in a form that is safe to log."""
    if not header:
        return None
    return shown_origin(header) or "malformed"


def normal_address(text: str) -> str:
    """An IP address as it is stored: IPv4 also where it is written as IPv6. Raises ValueError."""
    # Python also reads an address with an interface, such as fe80::1%eth0.
    if "%" in text:
        raise ValueError(text)
    address = ipaddress.ip_address(text)
    return str((isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped) or address)
