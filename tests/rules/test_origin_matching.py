"""Which Origin headers an allowlist admits: exact origins, wildcards, ports, apps, and nothing that looks like them."""

import pytest

from shared.rules.origin import normalize
from tests.rules.origins import APP, WILDCARD, is_allowed

# Header, entry.
ADMITTED = [
    (APP, APP),
    ("HTTPS://APP.EXAMPLE.COM", APP),
    ("https://app.example.com:443", APP),
    ("http://localhost:3000", "http://localhost:3000"),
    ("http://[::1]:3000", "http://[::1]:3000"),
    ("capacitor://localhost", "capacitor://localhost"),
    ("https://app.example.com", WILDCARD),
    ("https://a.b.c.example.com", WILDCARD),
    ("https://app.example.com:8443", "https://*.example.com:8443"),
    (APP, "*"),
    ("null", "*"),
    ("", "*"),
    ("https://not an origin", "*"),
    (None, "native"),
]
NOT_APP = [
    None,
    "",
    "null",
    "native",
    "*",
    "https://evilapp.example.com",
    "https://sub.app.example.com",
    "https://app.example.com.evil.example",
    "https://app.example.comevil",
    "https://app.example.co",
    "https://example.com",
    "https://app-example.com",
    "http://app.example.com",
    "http://app.example.com:443",
    "httpss://app.example.com",
    "https://app.example.com:80",
    "https://app.example.com:8443",
    "https://app.example.com:4430",
    "https://app.example.com:0443",
    "https://app.example.com:",
    "https://app.example.com:+443",
    "https://app.example.com:\u0664\u0664\u0663",
    "https://app.example.com.",
    "https://app..example.com",
    "https://.app.example.com",
    "https://app.example.com/",
    "https://app.example.com/path",
    "https://app.example.com?",
    "https://app.example.com#",
    "https://app.example.com@evil.example",
    "https://evil.example@app.example.com",
    "https://@app.example.com",
    "https://evil.example#app.example.com",
    "https://evil.example\\app.example.com",
    "https:\\\\app.example.com",
    "https:/app.example.com",
    "//app.example.com",
    "app.example.com",
    "https://app.example.com https://evil.example",
    "https://evil.example, https://app.example.com",
    "https://app.example.com,https://app.example.com",
    " https://app.example.com",
    "https://app.example.com ",
    "https://app.example.com\n",
    "https://app.example.com\r\nX-Evil: 1",
    "https://app.exa\tmple.com",
    "https://app.example.com\x00",
    "https://app%2eexample.com",
    "https://app\u3002example.com",
    "https://\uff41pp.example.com",
    "https://\u0430pp.example.com",
    "https://app.example.com\u200b",
    "blob:https://app.example.com/1",
    "view-source:https://app.example.com",
    "https://*.example.com",
]
NOT_BELOW_EXAMPLE_COM = [
    None,
    "null",
    "https://example.com",
    "https://*.example.com",
    "https://.example.com",
    "https://a..example.com",
    "https://app.example.com.",
    "https://evilexample.com",
    "https://example.com.evil.example",
    "https://app.example.com.evil.example",
    "https://evil.example/.example.com",
    "https://evil.example#.example.com",
    "https://evil.example?.example.com",
    "https://evil.example\\.example.com",
    "https://evil.example:443.example.com",
    "https://evil.example@app.example.com",
    "https://evil.example%2f.example.com",
    "https://evil.example\u3002.example.com",
    "https://evil .example.com",
    "http://app.example.com",
    "https://app.example.com:8443",
]
# Header, entry.
OTHER_SPELLINGS = [
    ("http://2130706433", "http://127.0.0.1"),
    ("http://0x7f000001", "http://127.0.0.1"),
    ("http://0177.0.0.1", "http://127.0.0.1"),
    ("http://127.1", "http://127.0.0.1"),
    ("http://[::ffff:127.0.0.1]", "http://127.0.0.1"),
    ("http://[::ffff:7f00:1]", "http://127.0.0.1"),
    ("http://[::1%25eth0]", "http://[::1]"),
    ("http://[::1%eth0]", "http://[::1]"),
    ("http://::1", "http://[::1]"),
    ("http://[::1", "http://[::1]"),
    ("http://[::1].evil.example", "http://[::1]"),
    ("https://\u212aelvin.example", "https://kelvin.example"),
    (f"https://{'a' * 300}", f"https://{'a' * 300}"),
]
# Entry, hosts that it admits, and hosts that it refuses.
PARTIAL_LABELS = [
    (
        "https://shop-*-acme.vercel.app",
        ["shop-git-main-acme.vercel.app", "shop-a-acme.vercel.app", "shop---acme.vercel.app"],
        [
            *("shop-acme.vercel.app", "shop--acme.vercel.app", "shop-acme-acme.vercel.app.evil.example"),
            *("shop-a.b-acme.vercel.app", "evil.shop-a-acme.vercel.app", "shop-a-acme.evil.vercel.app"),
            *("xshop-a-acme.vercel.app", "shop-a-acmex.vercel.app", "shop-a_b-acme.vercel.app"),
            *("shop-*-acme.vercel.app", "shop-a-acme.vercel.app:8443", "shop-a-acme.vercel.app."),
            *("shop-a@evil.example#-acme.vercel.app", "shop-a/-acme.vercel.app", "shop-%61-acme.vercel.app"),
            *("shop-\u00fc-acme.vercel.app", "shop-a\u3002b-acme.vercel.app", "shop-a b-acme.vercel.app"),
            f"shop-{'a' * 60}-acme.vercel.app",
        ],
    ),
    (
        "https://*--shop.netlify.app",
        ["deploy-preview-7--shop.netlify.app", "main--shop.netlify.app"],
        [
            *("--shop.netlify.app", "shop.netlify.app", "main-shop.netlify.app"),
            # Part of a name in punycode is not part of the name that it encodes.
            *("xn--bcher-kva--shop.netlify.app", "xn--shop.netlify.app"),
        ],
    ),
    (
        "https://pr-*.example.com:8443",
        ["pr-7.example.com:8443"],
        ["pr-7.example.com", "pr-7.example.com:84430"],
    ),
]


def admitted(headers, *entries):
    return [header for header in headers if is_allowed(header, entries)]


def test_entry_admits_origin():
    assert [(header, entry) for header, entry in ADMITTED if not is_allowed(header, (entry,))] == []


def test_exact_origin_admits_nothing_else():
    assert admitted(NOT_APP, APP) == []


def test_wildcard_admits_only_subdomains():
    assert admitted(NOT_BELOW_EXAMPLE_COM, WILDCARD) == []


def test_different_spelling_is_a_different_origin():
    assert [(header, entry) for header, entry in OTHER_SPELLINGS if is_allowed(header, (entry,))] == []


@pytest.mark.parametrize(("entry", "within", "beyond"), PARTIAL_LABELS)
def test_partial_label_wildcard_admits_only_one_label(entry, within, beyond):
    assert admitted([f"https://{host}" for host in within], entry) == [f"https://{host}" for host in within]
    assert admitted([f"https://{host}" for host in beyond], entry) == []
    assert admitted([f"http://{host}" for host in within], entry) == []


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.2", "[::1]", "0.0.0.0", "app.localhost"])  # noqa: S104
def test_any_port_admits_every_port_of_its_host(host):
    entries = (f"http://{host}:*",)
    assert is_allowed(f"http://{host}", entries)
    assert all(is_allowed(f"http://{host}:{port}", entries) for port in (1, 80, 443, 3000, 65535))
    others = [f"https://{host}:3000", f"http://{host}.evil.example:3000", f"http://x{host}:3000", f"app://{host}:1"]
    ports = [f"http://{host}:{port}" for port in ("", "0", "65536", "*", "3000:3000", "+3", "3000/")]
    assert [header for header in (*others, *ports) if is_allowed(header, entries)] == []


def test_partial_label_wildcard_may_have_any_port_on_loopback():
    entries = (normalize("http://pr-*.localhost:*"),)
    assert all(is_allowed(f"http://pr-1.localhost{port}", entries) for port in ("", ":80", ":5173"))
    others = [
        "http://pr-.localhost:1",
        "http://1.localhost:1",
        "http://pr-1.a.localhost:1",
        "http://pr-1.evil.com:1",
    ]
    assert [header for header in others if is_allowed(header, entries)] == []


def test_any_port_works_for_every_name_below_localhost():
    entries = ("http://*.localhost:*",)
    assert is_allowed("http://a.b.localhost:3000", entries)
    assert is_allowed("http://a.localhost", entries)
    assert not is_allowed("http://localhost:3000", entries)


@pytest.mark.parametrize("header", [APP, "native", "null", ""])
def test_native_admits_no_origin_at_all(header):
    assert not is_allowed(header, ("native",))


def test_star_does_not_admit_a_missing_origin():
    assert not is_allowed(None, ("*",))


def test_no_entries_admit_nothing():
    assert not is_allowed(None, ())
    assert not is_allowed(APP, ())


def test_each_entry_counts():
    entries = (*(f"https://{number}.example.org" for number in range(98)), WILDCARD, "native")
    assert all(is_allowed(header, entries) for header in ("https://97.example.org", APP, None))
    assert not is_allowed("https://98.example.org", entries)
