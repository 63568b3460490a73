"""Entries of an allowlist: stored as browsers send origins, or refused with what to write instead."""

import re

from hypothesis import given

from shared.rules.origin import normalize
from tests.rules.origins import ANYTHING, APP, ORIGINS, WILDCARD, reason, stored

STORED = {
    APP: APP,
    WILDCARD: WILDCARD,
    "*": "*",
    "native": "native",
    "Native": "native",
    "HTTPS://App.Example.COM": APP,
    "https://app.example.com/": APP,
    "https://app.example.com:443": APP,
    "https://app.example.com:443/": APP,
    "https://app.example.com:80": "https://app.example.com:80",
    "http://app.example.com:80": "http://app.example.com",
    "https://app.example.com:65535": "https://app.example.com:65535",
    "https://*.Example.com:443/": WILDCARD,
    "https://*.example.com:8443": "https://*.example.com:8443",
    "https://*.deep.er.example.com": "https://*.deep.er.example.com",
    "http://*.localhost:3000": "http://*.localhost:3000",
    "https://shop-*-acme.vercel.app": "https://shop-*-acme.vercel.app",
    "HTTPS://Shop-*-Acme.Vercel.app:443/": "https://shop-*-acme.vercel.app",
    "https://deploy-preview-*--shop.netlify.app": "https://deploy-preview-*--shop.netlify.app",
    "https://*--shop.netlify.app": "https://*--shop.netlify.app",
    "https://*-acme.vercel.app": "https://*-acme.vercel.app",
    "https://pr-*.d1a2b3.amplifyapp.com": "https://pr-*.d1a2b3.amplifyapp.com",
    "https://preview-*.example.com:8443": "https://preview-*.example.com:8443",
    "http://localhost:*": "http://localhost:*",
    "HTTP://LOCALHOST:*/": "http://localhost:*",
    "https://localhost:*": "https://localhost:*",
    "http://127.0.0.1:*": "http://127.0.0.1:*",
    "http://127.1.2.3:*": "http://127.1.2.3:*",
    "http://[::1]:*": "http://[::1]:*",
    "http://0.0.0.0:*": "http://0.0.0.0:*",
    "http://app.localhost:*": "http://app.localhost:*",
    "http://*.localhost:*": "http://*.localhost:*",
    "http://pr-*.localhost:*": "http://pr-*.localhost:*",
    "moz-extension://*": "moz-extension://*",
    "MOZ-EXTENSION://*": "moz-extension://*",
    "moz-extension://*/": "moz-extension://*",
    "MOZ-EXTENSION://*/": "moz-extension://*",
    "safari-web-extension://*": "safari-web-extension://*",
    "vscode-webview://*": "vscode-webview://*",
    "app:///": "app://",
    "file:///": "file://",
    "app://./": "app://.",
    "https://*.com": "https://*.com",
    "http://localhost:3000": "http://localhost:3000",
    "https://my_app.example.com": "https://my_app.example.com",
    "https://xn--bcher-kva.example": "https://xn--bcher-kva.example",
    "https://4.example.com": "https://4.example.com",
    "http://192.0.2.1:8080": "http://192.0.2.1:8080",
    "http://[::1]:3000": "http://[::1]:3000",
    "https://[2001:DB8:0:0:0:0:0:1]:443": "https://[2001:db8::1]",
    "https://[2001:db8:0:0:1:0:0:1]": "https://[2001:db8::1:0:0:1]",
    "capacitor://localhost": "capacitor://localhost",
    "ionic://localhost": "ionic://localhost",
    "tauri://localhost": "tauri://localhost",
    "app://obsidian.md": "app://obsidian.md",
    "app://localhost:443": "app://localhost:443",
    "chrome-extension://abcdefghijklmnopabcdefghijklmnop": "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
    f"https://{'a' * 63}.example.com": f"https://{'a' * 63}.example.com",
    f"https://{'a.' * 126}a": f"https://{'a.' * 126}a",
}
# Entry -> part of the reason.
REFUSED = {
    "": "must start with a scheme: write https://app.example.com",
    "example.com": "must start with a scheme: write https://example.com",
    "localhost:3000": "or http://localhost:3000 for a page without TLS",
    "*.example.com": "write https://*.example.com",
    "example.com/widget": "write https://example.com,",
    "//example.com": "must start with a scheme",
    "://example.com": "valid scheme",
    "1app://example.com": "valid scheme",
    "*://example.com": "valid scheme",
    "https://example.com/path": "drop the path",
    "https://example.com//": "drop the path",
    "https://example.com/?": "drop the path",
    "https://example.com?query": "drop the query",
    "https://example.com#": "drop the fragment",
    "https://user@example.com": "drop the user info",
    "https://user:word@example.com": "drop the user info",
    "https://example.com\\": "drop the backslash",
    "https://app%2eexample.com": "drop the percent-encoding",
    "https://a.example,https://b.example": "separate entries",
    "https://a.example https://b.example": "separate entries",
    " https://example.com": "spaces or control characters",
    "https://example.com\n": "spaces or control characters",
    "https://exa\tmple.com": "spaces or control characters",
    "https://example.com\x00": "spaces or control characters",
    "https://exa\u200bmple.com": "spaces or control characters",
    "https://\ud800.example": "spaces or control characters",
    "null": "only * admits it",
    "file:///index.html": "drop the path",
    "file://server": "must be file:// alone",
    "file://localhost": "must be file:// alone",
    "file://:80": "before the port",
    "data:text/html,hello": "its pages send null",
    "javascript:alert(1)": "its pages send null",
    "blob:https://example.com/1": "its pages send null",
    "about:blank": "its pages send null",
    "wss://example.com": "the origin of their page",
    "WS://example.com": "the origin of their page",
    "ftp://example.com": "no pages over FTP",
    "https://": "must name a host",
    "https:///": "must name a host",
    "https://:443": "must name a host",
    "app://:443": "before the port",
    "app://my app": "spaces or control characters",
    "app://my!app": "letters, digits, dots",
    "app://" + "a" * 254: "at most 253",
    "app://[::1": "in brackets",
    "app:localhost": "must start with a scheme",
    "app:/localhost": "must start with a scheme",
    "https://*": "whole first label",
    "https://*:3000": "whole first label",
    "https://*.*.example.com": "whole first label",
    "https://app.*.example.com": "whole first label",
    "https://example.*": "whole first label",
    "https://app*.example.com": "set off by hyphens",
    "https://*app.example.com": "set off by hyphens",
    "https://shop-*acme.example.com": "set off by hyphens",
    "https://shop*-acme.example.com": "set off by hyphens",
    "https://shop-*-*-acme.example.com": "set off by hyphens",
    "https://shop-**.example.com": "set off by hyphens",
    "https://sh_p-*.example.com": "set off by hyphens",
    "https://xn--bcher-*.example.com": "set off by hyphens",
    "https://xn--*.example.com": "set off by hyphens",
    "https://-*.vercel.app": "too little fixed text",
    "https://a-*.vercel.app": "too little fixed text",
    "https://*-a.vercel.app": "too little fixed text",
    "https://a-*-b.vercel.app": "too little fixed text",
    "https://shop-*": "whole first label",
    "https://shop-*.": "must name a host",
    "https://www.shop-*.example.com": "whole first label",
    "https://*.shop-*.example.com": "whole first label",
    "https://10-*.0.0.1": "four decimal numbers",
    "https://shop-*.192.0.2.1": "no subdomains",
    "app://shop-*.localhost": "no subdomains",
    "https://example.com:*": "only on loopback",
    "https://*.example.com:*": "only on loopback",
    "http://localhost.example:*": "only on loopback",
    "http://192.168.0.1:*": "only on loopback",
    "app://localhost:*": "only on loopback",
    "http://localhost:3000:*": "port as a number",
    "http://localhost:*:*": "port as a number",
    "http://localhost:**": "port as a number",
    "http://localhost:3*": "port as a number",
    "localhost:*": "or http://localhost:* for a page without TLS",
    "chrome-extension://*": "list the app's own origin",
    "app://*": "list the app's own origin",
    "moz-extension://*:80": "list the app's own origin",
    "https://xn--.example.com": "no name in punycode",
    "https://xn--a.example.com": "no name in punycode",
    "https://xn--example-.com": "no name in punycode",
    "https://xn--0.example.com": "no name in punycode",
    # An accent without a letter before it.
    "https://xn--a-wbb.example.com": "no name in punycode",
    "https://*.": "must name a host",
    "capacitor://*.localhost": "no subdomains",
    "https://*.192.0.2.1": "no subdomains",
    "https://*.[2001:db8::1]": "no subdomains",
    "https://example.com.": "empty label",
    "https://.example.com": "empty label",
    "https://app..example.com": "empty label",
    "https://.": "empty label",
    "https://app!.example.com": "labels of 1 to 63",
    f"https://{'a' * 64}.example.com": "labels of 1 to 63",
    f"https://{'a.' * 127}a": "253 characters",
    "https://" + "a" * 300: "at most 300",
    "https://example.com:": "port as a number",
    "https://example.com:0": "port as a number",
    "https://example.com:65536": "port as a number",
    "https://example.com:0443": "port as a number",
    "https://example.com:+443": "port as a number",
    "https://example.com:443:443": "port as a number",
    "https://example.com:https": "port as a number",
    "http://127.1": "four decimal numbers",
    "http://2130706433": "four decimal numbers",
    "http://0x7f.0.0.1": "four decimal numbers",
    "http://0x7f000001": "four decimal numbers",
    "http://127.0.0.0x": "four decimal numbers",
    "http://0177.0.0.1": "four decimal numbers",
    "http://192.0.2.256": "four decimal numbers",
    "http://1.2.3.4.5": "four decimal numbers",
    "http://example.1": "four decimal numbers",
    "https://*.1": "four decimal numbers",
    "http://[::1": "in brackets",
    "http://[::1]3000": "in brackets",
    "http://[]": "in brackets",
    "http://[127.0.0.1]": "in brackets",
    "http://[[::1]]": "in brackets",
    "http://[fe80::1%eth0]": "percent-encoding",
    "http://[::ffff:192.0.2.1]": "write 192.0.2.1",
    "http://[::ffff:c000:201]": "write 192.0.2.1",
}
# Entry -> how the reason ends.
PUNYCODE = {
    "https://bücher.example:8443": "in punycode: xn--bcher-kva.example",
    "https://*.BÜCHER.example": "in punycode: xn--bcher-kva.example",
    "https://\u0430pple.com": "in punycode: xn--pple-43d.com",  # A Cyrillic a.
    "https://\u212aelvin.example": "in punycode: kelvin.example",
    # Here Python's older tables and a browser's give different hosts: better no advice than a stranger's host.
    "https://straße.example": "in punycode",
    "https://app\u3002example.com": "in punycode",
    "https://" + "ü" * 64: "in punycode",
}


def test_origins_are_stored_normalized():
    assert {entry: stored(entry) for entry in STORED} == STORED


def test_malformed_origins_are_refused_with_a_fix():
    assert {entry: reason(entry) for entry in REFUSED if REFUSED[entry] not in (reason(entry) or "")} == {}


def test_error_suggests_punycode_if_it_is_certain():
    assert {entry: reason(entry) for entry in PUNYCODE if not (reason(entry) or "").endswith(PUNYCODE[entry])} == {}


def test_chrome_extension_wildcard_hint_shows_a_valid_id():
    """Chrome's ids have 32 letters from a to p."""
    assert re.search(r"such as chrome-extension://[a-p]{32}$", reason("chrome-extension://*"))


@given(ANYTHING)
def test_normalize_is_idempotent(entry):
    once = stored(entry)
    if once is not None:
        assert normalize(once) == once
        assert once == once.lower()


@given(ORIGINS)
def test_case_and_trailing_slash_do_not_matter(exact):
    assert normalize(exact.upper() + "/") == normalize(exact)
