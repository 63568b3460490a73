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


# As browsers write an origin, in lower case. A label of a host has at most 63 characters: no secret of ours fits.
_LABEL = r"[a-z0-9_-]{1,63}"
_ORIGIN = re.compile(
    rf"[a-z][a-z0-9+.-]{{0,30}}://(?:{_LABEL}(?:\.{_LABEL}){{0,126}}|\[[0-9a-f:.]{{2,45}}\]|\.?)(?::[0-9]{{1,5}})?|null"
)
# Room for a host of 253 characters, a long scheme, a wildcard, and a port. It also bounds the work per header.
ORIGIN_LENGTH_MAX = 300


def is_origin(header: str) -> bool:
    """Whether this looks like an origin, so that it may be repeated. The header can hold anything."""
    return len(header) <= ORIGIN_LENGTH_MAX and _ORIGIN.fullmatch(header) is not None


def loggable(header: str | None) -> str | None:
    """An Origin header in a form that is safe to log."""
    if not header:
        return None
    return header if is_origin(header) else "malformed"


def normal_address(text: str) -> str:
    """An IP address as it is stored: IPv4 also where it is written as IPv6. Raises ValueError."""
    # Python also reads an address with an interface, such as fe80::1%eth0.
    if "%" in text:
        raise ValueError(text)
    address = ipaddress.ip_address(text)
    return str((isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped) or address)
