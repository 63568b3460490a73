"""What owners read about the entries of an allowlist, word for word: why one is refused, and what one risks."""

from shared.rules import origin
from tests.rules.origins import reason

PORT = "must give the port as a number from 1 to 65535, without leading zeros, or no colon"
REASONS = {
    "example.com/shop": (
        "must start with a scheme: write https://example.com, or http://example.com for a page without TLS"
    ),
    "://example.com": "must start with a valid scheme, such as https://",
    "https://example.com/path": "must be scheme, host, and port alone: drop the path",
    "https://a.example https://b.example": (
        "must not contain spaces or control characters: list several origins as separate entries"
    ),
    "null": "is what local files and sandboxed frames of every website send: only * admits it",
    "file://server": "must be file:// alone: pages from files send no host",
    "file://:80": "must name a host before the port",
    "data:text/html,hello": (
        "cannot be an origin, for its scheme is data: its pages send null, or the origin of their opener"
    ),
    "wss://example.com": (
        "cannot be an origin, for its scheme is wss: WebSockets send the origin of their page, such as "
        "https://app.example.com"
    ),
    "ftp://example.com": "cannot be an origin, for its scheme is ftp: browsers open no pages over FTP",
    "https://": "must name a host, as in https://app.example.com",
    "https://bücher.example": "must name the host as browsers send it, in punycode: xn--bcher-kva.example",
    "https://xn--a.example.com": "has an impossible host: xn--a is no name in punycode",
    "https://app!.example.com": (
        "has an impossible host: write labels of 1 to 63 letters, digits, hyphens, or underscores, joined by dots, "
        "with at most 253 characters in total"
    ),
    "https://app..example.com": (
        "has an empty label in its host: drop the dot at its start or end, or one of two in a row"
    ),
    "app://my!app": (
        "has an impossible host: write at most 253 letters, digits, dots, hyphens, underscores, or tildes"
    ),
    "https://*": (
        "may have one * before a domain: as the whole first label (https://*.example.com), or beside hyphens in it "
        "(https://shop-*-acme.example.com)"
    ),
    "https://app*.example.com": (
        "may have one * in its first label, set off by hyphens from letters, digits, and hyphens, as in "
        "https://shop-*-acme.example.com"
    ),
    "https://a-*.vercel.app": (
        "has too little fixed text beside its *: write at least 3 characters on one side, as in "
        "https://shop-*.vercel.app, or admit all subdomains with https://*.vercel.app"
    ),
    "app://*": "may have no * under this scheme: list the app's own origin, such as app://my-app",
    "https://*.192.0.2.1": (
        "has a wildcard where there are no subdomains (an app scheme or an IP address): list the origin itself"
    ),
    "https://example.com:*": (
        "may have any port (:*) only on loopback, as in http://localhost:*: list each port by itself"
    ),
    "https://example.com:0443": PORT,
    "https://example.com:": PORT,
    "http://127.1": "must give an IPv4 address as four decimal numbers, as in 192.0.2.1",
    "http://[::1": "must give an IPv6 address whole and in brackets, as in https://[2001:db8::1]",
    "http://[::ffff:192.0.2.1]": "must give the IPv4 address itself: write 192.0.2.1",
    "https://" + "a" * 300: "must have at most 300 characters",
}
RISKS = {
    "*": (
        "* admits every website: anybody who copies the token from your page can use it on theirs. List your own "
        "origins instead."
    ),
    "native": (
        "native admits requests without an Origin header: any program that has the token can use it. Keep it for the "
        "tokens of native apps."
    ),
    "http://a.example": (
        "http://a.example is not encrypted: anybody between the visitor and the site can change the page and take the "
        "token. Use https."
    ),
    "http://localhost:3000": (
        "http://localhost:3000 is the machine that the browser runs on, and admits whoever serves a page there. Use it "
        "only for test tokens, and for apps that serve their pages from there (Capacitor, Tauri)."
    ),
    "http://localhost:*": (
        "http://localhost:* is the machine that the browser runs on, and admits every program that serves pages there. "
        "Use it only for test tokens, and for apps that serve their pages from there (Capacitor, Tauri)."
    ),
    "app://shop": (
        "app://shop is an app, not a website: anybody can build an app that sends it, and apps of one framework often "
        "share it. Only the token's limits restrict them."
    ),
    "https://shop-*.vercel.app": (
        "https://shop-*.vercel.app admits strangers: anybody can get a name below vercel.app, such as "
        "shop-evil.vercel.app while it is free. List your own hosts instead."
    ),
} | {
    entry: (
        f"{entry} admits every {kind}, whoever wrote it, because each installation sends a host of its own. Only the "
        "token's limits restrict the others."
    )
    for entry, kind in {
        "moz-extension://*": "Firefox extension",
        "safari-web-extension://*": "Safari extension",
        "vscode-webview://*": "webview of Visual Studio Code",
    }.items()
}  # fmt: skip


def test_reason_why_an_entry_is_refused():
    assert {entry: reason(entry) for entry in REASONS} == REASONS


def test_risk_of_an_entry():
    found = origin.warnings([*RISKS], is_live=True, is_public_suffix={"vercel.app"}.__contains__)
    assert sorted(warning.message for warning in found) == sorted(RISKS.values())
