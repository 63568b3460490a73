"""Parses one exact origin, as browsers and app shells send it in the Origin header.

The grammar is that of a serialized origin: https://url.spec.whatwg.org/#host-serializing and RFC 6454, section 6.2.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from shared.rules.visitor import ORIGIN_LENGTH_MAX

_HOST_LENGTH_MAX = 253
_PORT_MAX = 65535
# The schemes of the web. Under any other (capacitor, chrome-extension) the host names an app, not a machine.
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_NO_PAGES = {
    **dict.fromkeys(("about", "blob", "data", "javascript"), "its pages send null, or the origin of their opener"),
    **dict.fromkeys(("ws", "wss"), "WebSockets send the origin of their page, such as https://app.example.com"),
    "ftp": "browsers open no pages over FTP",
}

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
# RFC 952 forbids underscores and outer hyphens, but browsers open such pages.
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
# A browser reads a host that ends so as an IPv4 address, in whatever notation, or not at all.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# App shells have hosts that DNS does not allow (`app://.`, `app://-`), or none (`app://`).
_APP_HOST = re.compile(r"[a-z0-9._~-]*")

# Controls, formats, private use, and separators: of a character newer than this Python nothing is known, so it may be.
_NOT_IN_NAMES = {"Cc", "Cf", "Cs", "Co", "Zs", "Zl", "Zp"}

_NOT_OF_AN_ORIGIN = {
    ",": "list several origins as separate entries",
    "@": "drop the user info",
    "/": "drop the path",
    "\\": "drop the backslash",
    "?": "drop the query",
    "#": "drop the fragment",
    "%": "drop the percent-encoding",
}

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Origin:
    """`port` includes its colon, and is empty where it is the scheme's default."""

    scheme: str
    host: str
    address: _Address | None
    port: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}{self.port}"

    @property
    def is_web(self) -> bool:
        """Whether its pages come from a web server, not from an app."""
        return self.scheme in _DEFAULT_PORTS

    @property
    def is_loopback(self) -> bool:
        """Whether the web server is the visitor's own machine. Browsers treat 0.0.0.0 as loopback too."""
        if self.address:
            return self.is_web and (self.address.is_loopback or self.address.is_unspecified)
        return self.is_web and f".{self.host}".endswith(".localhost")


def parse(text: str) -> Origin:
    """Raises ValueError with what is wrong and how to fix it, as a predicate that follows the entry's name.

    Text that a browser would normalize before sending it (a decimal IP address) is refused, and so is a trailing dot,
    which browsers keep: almost no page has one. ASCII case is ignored, in the hosts of apps too: engines lower it for
    some of their schemes and keep it for others.
    """
    if len(text) > ORIGIN_LENGTH_MAX:
        raise ValueError(f"must have at most {ORIGIN_LENGTH_MAX} characters")
    if " " in text or not text.isprintable():
        raise ValueError("must not contain spaces or control characters: list several origins as separate entries")
    if reason := _NO_PAGES.get(name := text.lower().partition(":")[0]):
        raise ValueError(f"cannot be an origin, for its scheme is {name}: {reason}")
    scheme, mark, rest = text.partition("://")
    if not mark:
        site = text.partition("/")[0] or "app.example.com"
        raise ValueError(f"must start with a scheme: write https://{site}, or http://{site} for a page without TLS")
    for character, fix in _NOT_OF_AN_ORIGIN.items():
        if character in rest:
            raise ValueError(f"must be scheme, host, and port alone: {fix}")
    # Before lower(), which turns the Kelvin sign into an ASCII k.
    if not text.isascii():
        raise ValueError(f"must name the host as browsers send it, in punycode{_punycode_of(rest)}")
    scheme = scheme.lower()
    if not _SCHEME.fullmatch(scheme):
        raise ValueError("must start with a valid scheme, such as https://")
    # The colons within brackets belong to an IPv6 address.
    head, bracket, tail = rest.lower().rpartition("]")
    name, colon, digits = tail.partition(":")
    host = head + bracket + name
    host, address = _parse_host(host) if scheme in _DEFAULT_PORTS else _parse_app_host(host, scheme)
    port = _parse_port(colon + digits, scheme)
    if port and not host:
        raise ValueError("must name a host before the port")
    return Origin(scheme, host, address, port)


def _parse_host(host: str) -> tuple[str, _Address | None]:
    """The host as browsers serialize it, and its IP address if it is one."""
    if host.startswith("["):
        return _parse_ipv6(host)
    labels = host.split(".")
    if not host:
        raise ValueError("must name a host, as in https://app.example.com")
    if "*" in host:
        raise ValueError(
            "may have one * before a domain: as the whole first label (https://*.example.com), or beside hyphens in it "
            "(https://shop-*-acme.example.com)"
        )
    if "" in labels:
        raise ValueError("has an empty label in its host: drop the dot at its start or end, or one of two in a row")
    if len(host) > _HOST_LENGTH_MAX or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError(
            "has an impossible host: write labels of 1 to 63 letters, digits, hyphens, or underscores, joined by dots, "
            f"with at most {_HOST_LENGTH_MAX} characters in total"
        )
    for label in labels:
        if label.startswith("xn--") and not _is_punycode(label):
            raise ValueError(f"has an impossible host: {label} is no name in punycode")
    if not _NUMBER.fullmatch(labels[-1]):
        return host, None
    try:
        return host, ipaddress.IPv4Address(host)
    except ValueError:
        raise ValueError("must give an IPv4 address as four decimal numbers, as in 192.0.2.1") from None


# The id of an extension is the same in every installation.
_CHROME_EXTENSION = "abcdefghijklmnopabcdefghijklmnop"


def _parse_app_host(host: str, scheme: str) -> tuple[str, _Address | None]:
    """An opaque host, to which the rules of DNS do not apply."""
    if scheme == "file" and host:
        raise ValueError("must be file:// alone: pages from files send no host")
    if host.startswith("["):
        return _parse_ipv6(host)
    if "*" in host:
        example = _CHROME_EXTENSION if scheme == "chrome-extension" else host.replace("*", "my-app")
        raise ValueError(f"may have no * under this scheme: list the app's own origin, such as {scheme}://{example}")
    if len(host) > _HOST_LENGTH_MAX or not _APP_HOST.fullmatch(host):
        raise ValueError(
            f"has an impossible host: write at most {_HOST_LENGTH_MAX} letters, digits, dots, hyphens, underscores, or "
            "tildes"
        )
    return host, None


def _parse_ipv6(host: str) -> tuple[str, ipaddress.IPv6Address]:
    try:
        address = ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        raise ValueError("must give an IPv6 address whole and in brackets, as in https://[2001:db8::1]") from None
    # Python versions and browsers serialize these differently.
    if address.ipv4_mapped:
        raise ValueError(f"must give the IPv4 address itself: write {address.ipv4_mapped}")
    return f"[{address}]", address


def _parse_port(port: str, scheme: str) -> str:
    """The port with its colon. Empty if it is the scheme's default."""
    digits = port.removeprefix(":")
    if port and not (digits.isdigit() and not digits.startswith("0") and int(digits) <= _PORT_MAX):
        raise ValueError(f"must give the port as a number from 1 to {_PORT_MAX}, without leading zeros, or no colon")
    return "" if port == _DEFAULT_PORTS.get(scheme) else port


def _is_punycode(label: str) -> bool:
    """Whether browsers accept this label as an international name. The rules of writing direction are left out."""
    import unicodedata  # noqa: PLC0415 - few pages have such names, and every function loads this module

    encoded = label.removeprefix("xn--")
    try:
        name = encoded.encode().decode("punycode")
        is_canonical = name.encode("punycode").decode() == encoded
    except UnicodeError:
        return False
    return (
        is_canonical
        and not name.isascii()
        and unicodedata.is_normalized("NFKC", name)
        and not unicodedata.category(name[0]).startswith("M")
        # Browsers fold case as casefold() does, except for these two letters.
        and all(character.casefold() == character or character in "\u00df\u03c2" for character in name)
        and all(
            unicodedata.category(character) not in _NOT_IN_NAMES or character in "\u200c\u200d" for character in name
        )
    )


def _punycode_of(authority: str) -> str:
    """The host in punycode, or nothing where Python's older tables may differ from a browser's (in an ß, say)."""
    host = authority.lower().partition(":")[0]
    try:
        ascii_host = host.encode("idna").decode("ascii")
        is_certain = ascii_host.encode().decode("idna") == host
    except UnicodeError:
        return ""
    return f": {ascii_host}" if is_certain else ""
