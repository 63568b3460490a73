"""Origins: what an entry of an allowlist may be, what is risky about it, and which Origin headers it admits."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from shared.rules.security_warning import SecurityWarning

_ANY = "*"
_NATIVE = "native"

# Room for a host of 253 characters, a long scheme, a wildcard and a port; it also bounds the work a header can cause.
LENGTH_MAX = 300
_MAX_HOST_LENGTH = 253
_MAX_PORT = 65535
# The schemes of the web: under any other (capacitor, chrome-extension) the host names an app, not a machine.
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_UNLISTABLE_SCHEMES = {"about", "blob", "data", "file", "javascript"}

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
# Underscores and outer hyphens are no host names to the letter of RFC 952, but browsers open such pages.
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
# A browser reads a host that ends so as an IPv4 address, in whatever notation, or not at all.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

_NOT_OF_AN_ORIGIN = {
    ",": "list several origins as entries of their own",
    "@": "drop the user info",
    "/": "drop the path",
    "\\": "drop the backslash",
    "?": "drop the query",
    "#": "drop the fragment",
    "%": "drop the percent-encoding",
}

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class _Origin:
    """An origin as browsers write it; `port` has its colon, and is empty where it is the scheme's own."""

    scheme: str
    host: str
    port: str
    address: _Address | None

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}{self.port}"

    def wildcard(self, domain: str) -> str:
        """The entry that admits every subdomain of `domain` by this scheme and port."""
        return f"{self.scheme}://*.{domain}{self.port}"

    @property
    def is_loopback(self) -> bool:
        if self.address:
            return self.address.is_loopback
        return self.host == "localhost" or self.host.endswith(".localhost")


def normalise(entry: str) -> str:
    """The stored form of an allowlist entry: lower case, without a default port and without a closing slash.

    Raises ValueError with what is wrong and how to mend it: a predicate, to stand after the place of the entry.
    """
    word = entry.lower()
    if word in {_ANY, _NATIVE}:
        return word
    if word == "null":
        raise ValueError("is what sandboxed frames and local files of all sites send: only * admits it")
    origin, is_wildcard = _read(entry if entry.endswith("//") else entry.removesuffix("/"))
    if not is_wildcard:
        return str(origin)
    if origin.scheme not in _DEFAULT_PORTS or origin.address:
        raise ValueError(
            "has a wildcard where there are no subdomains (an app scheme or an IP address): list the origin itself"
        )
    return origin.wildcard(origin.host)


def is_allowed(header: str | None, entries: Collection[str]) -> bool:
    """Whether a request with this Origin header (None: without one) may use a token with these normalised entries."""
    if header is None:
        return _NATIVE in entries
    if _ANY in entries:
        return True
    try:
        origin = _parse(header)
    except ValueError:
        return False
    labels = origin.host.split(".")
    wildcards = (origin.wildcard(".".join(labels[depth:])) for depth in range(1, len(labels)))
    return not {str(origin), *wildcards}.isdisjoint(entries)


def warnings(
    entries: Iterable[str], *, is_live: bool, is_public_suffix: Callable[[str], bool]
) -> list[SecurityWarning]:
    """What is risky about each of these normalised entries. `is_public_suffix` is asked about wildcards only."""
    return [
        warning
        for entry in entries
        for warning in _warnings_of(entry, is_live=is_live, is_public_suffix=is_public_suffix)
    ]


def _warnings_of(entry: str, *, is_live: bool, is_public_suffix: Callable[[str], bool]) -> Iterator[SecurityWarning]:
    if entry == _ANY:
        yield SecurityWarning(
            "wildcard_origin",
            "* admits every website: whoever copies the token from your page can use it on theirs. "
            "List your own origins instead.",
        )
        return
    if entry == _NATIVE:
        yield SecurityWarning(
            "native_origin",
            "native admits requests without an Origin header: any program that has the token can use it. "
            "Keep it for the tokens of native apps.",
        )
        return
    origin, is_wildcard = _read(entry)
    is_local = origin.scheme in _DEFAULT_PORTS and origin.is_loopback
    if is_local and is_live:
        yield SecurityWarning(
            "loopback_origin",
            f"{entry} is whatever machine the browser runs on: anybody can serve a page there. "
            "Keep it for test tokens.",
        )
    if origin.scheme == "http" and not is_local:
        yield SecurityWarning(
            "insecure_origin",
            f"{entry} is not encrypted: whoever sits between visitor and site can change the page and take the token. "
            "Use https.",
        )
    if is_wildcard and is_public_suffix(origin.host):
        yield SecurityWarning(
            "public_suffix_wildcard",
            f"{entry} admits strangers: anybody can get a name below {origin.host}. List your own hosts instead.",
        )


def _read(entry: str) -> tuple[_Origin, bool]:
    """What an entry names, and whether it means its subdomains instead."""
    scheme, wildcard, rest = entry.partition("://*.")
    return _parse(f"{scheme}://{rest}" if wildcard else entry), bool(wildcard)


def _parse(text: str) -> _Origin:
    """One exact origin, strictly: what a browser would mend before sending (a decimal IP address, say) is refused."""
    if len(text) > LENGTH_MAX:
        raise ValueError(f"must have at most {LENGTH_MAX} characters")
    if " " in text or not text.isprintable():
        raise ValueError("must not contain spaces or control characters: list several origins as entries of their own")
    if (name := text.lower().partition(":")[0]) in _UNLISTABLE_SCHEMES:
        raise ValueError(
            f"cannot be listed: {name} pages send the origin of the page that made them, or null, which only * admits"
        )
    scheme, mark, rest = text.partition("://")
    if not mark:
        site = text.partition("/")[0] or "app.example.com"
        raise ValueError(f"must start with a scheme: write https://{site}, or http://{site} for a page without TLS")
    for character, mend in _NOT_OF_AN_ORIGIN.items():
        if character in rest:
            raise ValueError(f"must be scheme, host and port alone: {mend}")
    # Before lower(), which makes an ASCII k of the Kelvin sign.
    if not text.isascii():
        raise ValueError(f"must name the host as browsers send it, in punycode{_punycode_of(rest)}")
    scheme = scheme.lower()
    if not _SCHEME.fullmatch(scheme):
        raise ValueError("must start with a valid scheme, such as https://")
    # The colons within brackets belong to an IPv6 address.
    head, bracket, tail = rest.lower().rpartition("]")
    name, colon, digits = tail.partition(":")
    host, address = _parse_host(head + bracket + name)
    return _Origin(scheme, host, _parse_port(colon + digits, scheme), address)


def _parse_host(host: str) -> tuple[str, _Address | None]:
    """The host as browsers write it, and the IP address that it is, perhaps."""
    if host.startswith("["):
        return _parse_ipv6(host)
    labels = host.split(".")
    if not host:
        raise ValueError("must name a host, as in https://app.example.com")
    if "*" in host:
        raise ValueError(
            "may have a * only as the whole first label before a domain, as in https://*.example.com, or all alone"
        )
    if "" in labels:
        raise ValueError(
            "has a dot too many in its host: drop the one at its start or end, or the second of two in a row"
        )
    if len(host) > _MAX_HOST_LENGTH or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError(
            "has a host that cannot be: write labels of 1 to 63 letters, digits, hyphens or underscores "
            f"with dots between, {_MAX_HOST_LENGTH} characters together"
        )
    if not _NUMBER.fullmatch(labels[-1]):
        return host, None
    try:
        return host, ipaddress.IPv4Address(host)
    except ValueError:
        raise ValueError("must give an IPv4 address as four decimal numbers, as in 192.0.2.1") from None


def _parse_ipv6(host: str) -> tuple[str, ipaddress.IPv6Address]:
    try:
        address = ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        raise ValueError("must give an IPv6 address whole and in brackets, as in https://[2001:db8::1]") from None
    # Python versions differ from each other, and from browsers, in how they write one.
    if address.ipv4_mapped:
        raise ValueError(f"must give the IPv4 address itself: write {address.ipv4_mapped}")
    return f"[{address}]", address


def _parse_port(port: str, scheme: str) -> str:
    """The port with its colon, or nothing where the scheme says it already."""
    digits = port.removeprefix(":")
    if port and not (digits.isdigit() and not digits.startswith("0") and int(digits) <= _MAX_PORT):
        raise ValueError(f"must give the port as a number from 1 to {_MAX_PORT}, without leading zeros, or no colon")
    return "" if port == _DEFAULT_PORTS.get(scheme) else port


def _punycode_of(authority: str) -> str:
    """The host in punycode, or nothing where Python's older tables may differ from a browser's (in an ß, say)."""
    host = authority.lower().partition(":")[0]
    try:
        ascii_host = host.encode("idna").decode("ascii")
        is_certain = ascii_host.encode().decode("idna") == host
    except UnicodeError:
        return ""
    return f": {ascii_host}" if is_certain else ""
