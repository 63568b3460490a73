"""Allowed origins: the syntax of an entry, its risks, and the Origin headers that it admits."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from shared.rules.origin_syntax import Origin, parse
from shared.rules.security_warning import SecurityWarning

_ANY = "*"
_NATIVE = "native"
_ANY_PORT = ":*"
# Each installation makes up its own host, so hosts cannot be listed.
_EXTENSIONS = {
    "moz-extension://*": "Firefox extension",
    "safari-web-extension://*": "Safari extension",
    "vscode-webview://*": "webview of Visual Studio Code",
}
# The host is a hash of the extension's public key, the same in every installation.
_CHROME_EXTENSION = re.compile(r"chrome-extension://[a-p]{32}")
# Android's WebViewAssetLoader and .NET MAUI serve the pages of every app from these.
_APP_HOSTS = {"appassets.androidplatform.net", "0.0.0.1"}
# A label in which * stands for a part: what comes before it and after it. In punycode a part means nothing.
_PARTIAL_LABEL = re.compile(r"(?!xn--)(|[a-z0-9-]*-)\*(|-[a-z0-9-]*)")
_PART = re.compile(r"[a-z0-9-]+")
_FIXED_MIN = 3


@dataclass(frozen=True, slots=True)
class _Entry:
    """`label`: empty for `origin` itself; otherwise the hosts below it: * (at any depth), or one label with *."""

    origin: Origin
    label: str
    has_any_port: bool

    def __str__(self) -> str:
        host = f"{self.label}.{self.origin.host}" if self.label else self.origin.host
        return f"{self.origin.scheme}://{host}{_ANY_PORT if self.has_any_port else self.origin.port}"


def normalize(entry: str) -> str:
    """The stored form of an allowlist entry: lower case, without a default port or a trailing slash.

    Raises ValueError with what is wrong and how to fix it, as a predicate that follows the entry's name.
    """
    word = entry.lower()
    if word in {_ANY, _NATIVE}:
        return word
    if (extensions := word.removesuffix("/")) in _EXTENSIONS:
        return extensions
    if word == "null":
        raise ValueError("is what local files and sandboxed frames of every website send: only * admits it")
    scheme, mark, rest = entry.partition("://")
    return str(_read(scheme + mark + rest.removesuffix("/")))


def deciding_entry(header: str | None, entries: Collection[str]) -> str | None:
    """The normalized entry that admits a request with this Origin header, None if none does.

    `header`: None for a request without it.
    """
    if header is None:
        return _NATIVE if _NATIVE in entries else None
    if _ANY in entries:
        return _ANY
    try:
        origin = parse(header)
    except ValueError:
        return None
    admitting = _admitting(origin)
    texts = [f"{origin.scheme}://{origin.host}{port}" for port in _ports(origin)]
    for entry in entries:
        if entry in admitting or any(_is_filled_by(text, entry) for text in texts):
            return entry
    return None


def entry_for(header: str | None) -> str:
    """The entry that admits requests with this Origin header, and as few others as possible.

    Raises ValueError as `normalize` does. A trailing slash, which browsers never send, is not one.
    """
    if header is None:
        return _NATIVE
    scheme, mark, rest = header.partition("://")
    return str(parse(scheme + mark + rest.removesuffix("/")))


def needs_test_token(entry: str) -> bool:
    """Whether this normalized entry is for test tokens only: it admits every program on the visitor's machine."""
    return entry.endswith(_ANY_PORT)


def warnings(
    entries: Iterable[str], *, is_live: bool, is_public_suffix: Callable[[str], bool]
) -> list[SecurityWarning]:
    """The risks of normalized entries. `is_public_suffix` is called for wildcards only."""
    return [
        warning
        for entry in entries
        for warning in _warnings_of(entry, is_live=is_live, is_public_suffix=is_public_suffix)
    ]


def _admitting(origin: Origin) -> set[str]:
    """All entries that admit this origin, except those with a partial label."""
    labels = origin.host.split(".")
    hosts = [origin.host, *(f"*.{'.'.join(labels[depth:])}" for depth in range(1, len(labels)))]
    return {f"{origin.scheme}://*", *(f"{origin.scheme}://{host}{port}" for host in hosts for port in _ports(origin))}


def _ports(origin: Origin) -> list[str]:
    """The ports of entries that admit this origin."""
    return [origin.port, _ANY_PORT] if origin.is_loopback else [origin.port]


def _is_filled_by(origin: str, entry: str) -> bool:
    """Whether the entry has a partial label that becomes the origin's first label when its * is filled."""
    start, star, end = entry.partition("*")
    if not (star and origin.startswith(start) and origin.endswith(end)) or "://xn--" in origin:
        return False
    # Empty too where start and end overlap.
    part = origin[len(start) : len(origin) - len(end)]
    return bool(_PART.fullmatch(part))


def _read(entry: str) -> _Entry:
    """The parts of an entry that is not a keyword. Raises ValueError as `normalize` does."""
    has_any_port = "://" in entry and entry.endswith(_ANY_PORT)
    # Parsed with a number as its port, so that a second port is an error.
    scheme, mark, rest = (f"{entry[:-1]}1" if has_any_port else entry).partition("://")
    label, dot, domain = rest.partition(".")
    if "*" in label and dot:
        label, origin = label.lower(), parse(scheme + mark + domain)
        _require_label(label, origin)
    else:
        label, origin = "", parse(scheme + mark + rest)
    if has_any_port and not origin.is_loopback:
        raise ValueError("may have any port (:*) only on loopback, as in http://localhost:*: list each port by itself")
    return _Entry(origin, label, has_any_port)


def _require_label(label: str, domain: Origin) -> None:
    """Raises ValueError unless this label, which has a *, may stand before the domain."""
    if not domain.is_web or domain.address:
        raise ValueError(
            "has a wildcard where there are no subdomains (an app scheme or an IP address): list the origin itself"
        )
    if label == "*":
        return
    parts = _PARTIAL_LABEL.fullmatch(label)
    if not parts:
        raise ValueError(
            "may have one * in its first label, set off by hyphens from letters, digits, and hyphens, as in "
            "https://shop-*-acme.example.com"
        )
    if max(map(len, parts.groups())) < _FIXED_MIN:
        raise ValueError(
            f"has too little fixed text beside its *: write at least {_FIXED_MIN} characters on one side, as in "
            f"https://shop-*.{domain.host}, or admit all subdomains with https://*.{domain.host}"
        )


def _warnings_of(entry: str, *, is_live: bool, is_public_suffix: Callable[[str], bool]) -> Iterator[SecurityWarning]:
    if entry == _ANY:
        yield SecurityWarning(
            "wildcard_origin",
            "* admits every website: anybody who copies the token from your page can use it on theirs. "
            "List your own origins instead.",
        )
    elif entry == _NATIVE:
        yield SecurityWarning(
            "native_origin",
            "native admits requests without an Origin header: any program that has the token can use it. "
            "Keep it for the tokens of native apps.",
        )
    elif entry in _EXTENSIONS:
        yield SecurityWarning(
            "extension_wildcard",
            f"{entry} admits every {_EXTENSIONS[entry]}, whoever wrote it, because each installation sends a host of "
            "its own. Only the token's limits restrict the others.",
        )
    else:
        try:
            parts = _read(entry)
        except ValueError:
            # Stored by an earlier version that allowed it. It admits nothing now.
            return
        if parts.origin.is_web:
            yield from _warnings_of_site(entry, parts, is_live=is_live, is_public_suffix=is_public_suffix)
        elif not _CHROME_EXTENSION.fullmatch(entry):
            yield SecurityWarning("app_origin", _risk_of_app(entry))


def _warnings_of_site(
    entry: str, parts: _Entry, *, is_live: bool, is_public_suffix: Callable[[str], bool]
) -> Iterator[SecurityWarning]:
    origin = parts.origin
    if origin.is_loopback and (is_live or parts.has_any_port):
        admitted = "every program that serves pages there" if parts.has_any_port else "whoever serves a page there"
        yield SecurityWarning(
            "loopback_origin",
            f"{entry} is the machine that the browser runs on, and admits {admitted}. Use it only for test tokens, and "
            "for apps that serve their pages from there (Capacitor, Tauri).",
        )
    if origin.host in _APP_HOSTS:
        yield SecurityWarning("app_origin", _risk_of_app(entry))
    if origin.scheme == "http" and not origin.is_loopback:
        yield SecurityWarning(
            "insecure_origin",
            f"{entry} is not encrypted: anybody between the visitor and the site can change the page and take the "
            "token. Use https.",
        )
    if parts.label and is_public_suffix(origin.host):
        name = f"{parts.label.replace('*', 'evil')}.{origin.host}"
        yield SecurityWarning(
            "public_suffix_wildcard",
            f"{entry} admits strangers: anybody can get a name below {origin.host}, such as {name} while it is free. "
            "List your own hosts instead.",
        )


def _risk_of_app(entry: str) -> str:
    wildcard = f"{entry.partition('://')[0]}://*"
    if entry == "file://":
        return (
            "file:// admits every local file that a desktop shell or an old WebView opens, whoever wrote it. "
            "Serve the app's pages from an origin of its own, such as app://my-app, and list that instead."
        )
    if wildcard in _EXTENSIONS:
        return (
            f"{entry} is a single installation of a {_EXTENSIONS[wildcard]}: others send another host. "
            f"{wildcard} admits them all."
        )
    return (
        f"{entry} is an app, not a website: anybody can build an app that sends it, and apps of one framework often "
        "share it. Only the token's limits restrict them."
    )
