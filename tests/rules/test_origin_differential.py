"""Our origin grammar against a browser's: ada parses URLs by the WHATWG standard, as in Node.js."""

import itertools
import random
import string

import ada_url
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.rules.origin import normalize
from tests.rules.origins import is_allowed

# Pieces that are special to one of the parsers, combined in every way.
SCHEMES = ["http", "https", "HTTPS", "ws", "wss", "ftp", "file", "app", "moz-extension", "javascript", "blob", "x+y-1."]
HOSTS = [
    *(
        "localhost",
        "example.com",
        "EXAMPLE.com",
        "a",
        "a.b",
        "a_b",
        "-a-",
        "a..b",
        ".a",
        "a.",
        ".",
        "..",
        "",
        "*",
        "a*",
    ),
    *(
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0177.0.0.1",
        "2130706433",
        "1.2.3.4.5",
        "256.0.0.1",
        "1.2.3.08",
        "0",
        "0x",
        "a.0x",
    ),
    *("[::1]", "[0:0:0:0:0:0:0:1]", "[2001:DB8::1]", "[2001:db8:0:0:1:0:0:1]", "[::ffff:1.2.3.4]", "[::1.2.3.4]"),
    *("[::1%25eth0]", "[fe80::1%eth0]", "[1::2::3]", "[]", "[::1", "::1", "[v1.a]"),
    *(
        "xn--bcher-kva.example",
        "xn--",
        "xn--a",
        "xn--fa-hia.de",
        "xn--0.a",
        "xn--BCHER-kva",
        "a.xn--e1afmkfd",
        "xn--ls8h",
    ),
    *(
        "b\u00fccher.example",
        "fa\u00df.de",
        "\u212aelvin",
        "a\u3002b",
        "\uff41",
        "a\u00adb",
        "%61",
        "a%2eb",
        "a b",
        "a\tb",
    ),
    *(
        "~",
        "!",
        "a'b",
        "a;b",
        "a=b",
        "a$b",
        "{",
        "|",
        "^",
        "`",
        '"',
        "<",
        "\\",
        "user@a",
        "user:p@a",
        "a" * 64,
        "a." * 130,
    ),
]
PORTS = [
    "",
    ":",
    ":80",
    ":443",
    ":8080",
    ":0",
    ":00",
    ":080",
    ":65535",
    ":65536",
    ":*",
    ":+1",
    ":1:2",
    ":\u0661",
    ": 1",
]
TAILS = ["", "", "", "/", "//", "/path", "?", "?q", "#", "#f", "\n", " ", "\\", "/..", ".", ",", "\x00"]
SEPARATORS = ["://", "://", "://", "://", ":", ":/", ":///", ":\\\\", "//", ""]

PARTS = [SCHEMES, SEPARATORS, HOSTS, PORTS, TAILS]
LISTED = ["".join(parts) for parts in itertools.product(SCHEMES, ["://"], HOSTS, PORTS)]
RANDOM = random.Random(1)  # noqa: S311 - the same in every run
SAMPLED = ["".join(map(RANDOM.choice, PARTS)) for _ in range(200 * settings.default.max_examples)]

CHARACTERS = st.sampled_from([*string.printable, "\u00fc", "\u00df", "\u200d", "\u3002", "\u212a", "\ud800"])
LABELS = st.text(string.ascii_lowercase + string.digits + "-_", min_size=1, max_size=12)
ADDRESSES = st.ip_addresses(v=6).flatmap(lambda address: st.sampled_from([f"[{address}]", f"[{address.exploded}]"]))
WEB = st.builds(
    "{}://{}{}".format,
    st.sampled_from(["http", "https"]),
    st.lists(LABELS, min_size=1, max_size=4).map(".".join) | ADDRESSES | st.text(CHARACTERS, max_size=6),
    st.just("") | st.integers(0, 70_000).map(":{}".format),
)
NAMES = st.text(st.characters(min_codepoint=0x80, categories=["L", "N", "M", "So"]), min_size=1, max_size=6)
MANY = settings(max_examples=5 * settings.default.max_examples)


def drawn(cases):
    """All of them, unless the profile wants few examples."""
    return cases if settings.default.max_examples >= 100 else RANDOM.sample(cases, 100 * settings.default.max_examples)


def serialized(url):
    """The Origin header that a browser sends from a page at this URL, or None if it opens no such page."""
    try:
        return ada_url.URL(url).origin
    except (ValueError, UnicodeError):
        return None


def stored(entry):
    try:
        return normalize(entry)
    except ValueError:
        return None


def assert_stored_as_serialized(url):
    entry = stored(url)
    if entry is None or "*" in entry:
        return
    parsed = ada_url.URL(url)
    if parsed.protocol in {"http:", "https:"}:
        assert entry == parsed.origin
    else:
        # The standard leaves the origin of an app's scheme to the app: what we compare is scheme, host, and port.
        assert entry == f"{parsed.protocol}//{parsed.host}".lower()


def assert_admitted_if_same(header, url):
    """`url`: an exact origin of the web that can be listed."""
    admits = is_allowed(header, (stored(url),))
    if header == serialized(header):
        assert admits == (header == serialized(url))
    elif admits:
        # Browsers send only serialized origins. Other text may at most be the same origin in capitals.
        assert serialized(header) == serialized(url)


def test_listed_entries_are_stored_as_browsers_serialize_them():
    for url in (*drawn(LISTED), *SAMPLED):
        assert_stored_as_serialized(url)


@MANY
@given(WEB)
def test_an_entry_is_stored_as_browsers_serialize_it(url):
    assert_stored_as_serialized(url)


def test_listed_headers_are_admitted_only_for_the_same_origin():
    origins = {serialized(url) for url in LISTED if url.startswith("http") and "*" not in url and stored(url)}
    assert len(origins) > 100
    for header in (*drawn(LISTED), *SAMPLED):
        origin = serialized(header)
        others = origins - {origin}
        assert not is_allowed(header, others)
        if header == origin in origins:
            assert is_allowed(header, {origin})


@MANY
@given(WEB, WEB)
def test_header_is_admitted_only_for_the_same_origin(header, url):
    if stored(url):
        assert_admitted_if_same(header, url)
        assert_admitted_if_same(url, url)


@pytest.mark.parametrize("entry", ["https://*.example.com", "https://ab-*.example.com", "http://localhost:*"])
def test_wildcard_admits_only_hosts_below_its_domain_in_browsers(entry):
    scheme, domain = entry.split("://")[0], entry.strip(":*").split("*")[-1]
    hosts = [f"{host}.example.com" for host in HOSTS] + [f"ab-{host}.example.com" for host in HOSTS] + ["localhost"]
    for parts in drawn(list(itertools.product(["http", "https"], hosts, PORTS, dict.fromkeys(TAILS)))):
        header = "{}://{}{}{}".format(*parts)
        if is_allowed(header, (entry,)):
            parsed = ada_url.URL(header)
            assert parsed.origin == header.lower().removesuffix(":80" if scheme == "http" else ":443")
            assert parsed.protocol == f"{scheme}:"
            assert parsed.hostname.endswith(domain.removeprefix("http://"))


@MANY
@given(NAMES)
def test_an_international_name_can_be_listed_as_browsers_serialize_it(name):
    if origin := serialized(f"https://{name}.example"):
        assert stored(origin) == origin
