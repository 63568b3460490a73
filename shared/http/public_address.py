"""Refuses connections to anything but the public internet.

The address of the open connection is checked, not the name: a name may resolve to another address a moment later.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# Translates to IPv4: the last 32 bits are the address.
_NAT64 = ip_network("64:ff9b::/96")
# All that IANA has assigned to the internet: https://www.iana.org/assignments/ipv6-unicast-address-assignments
# Python's table of exceptions differs between versions, and calls whatever it does not know global.
_UNICAST = ip_network("2000::/3")


class NotPublic(OSError):  # noqa: N818 - a state, not a fault
    """The host is at an address of a private network, of this machine, or of a cloud's metadata service."""


def require_public(sock: socket.socket) -> None:
    """Raises NotPublic. Call it before anything is sent."""
    if not is_public(ip_address(sock.getpeername()[0].partition("%")[0])):
        raise NotPublic("the host has no public address")


def require_loopback(sock: socket.socket) -> None:
    """Raises NotPublic unless the other end is on this machine."""
    if not ip_address(sock.getpeername()[0].partition("%")[0]).is_loopback:
        raise NotPublic("the host is not this machine")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether anybody can reach it. An IPv4 address inside an IPv6 address counts as itself."""
    if isinstance(address, IPv6Address):
        translated = IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
        inner = address.ipv4_mapped or address.sixtofour or translated
        if inner is not None:
            return is_public(inner)
        if address not in _UNICAST:
            return False
    return address.is_global and not address.is_multicast
