"""Origins: the one judge of the browser plane, and the door that its allowlists come in by."""

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.rules.origin import is_allowed, normalize

APP = "https://app.example.com"
WILDCARD = "https://*.example.com"

# Names whose last label cannot be read as a number: that would make an IP address of them.
LABELS = st.text(string.ascii_lowercase + string.digits + "-_", min_size=1, max_size=20).filter(
    lambda label: not label.startswith("xn--")
)
TOP_LABELS = st.text(string.ascii_lowercase, min_size=1, max_size=20)
DOMAINS = st.builds(lambda labels, top: ".".join([*labels, top]), st.lists(LABELS, min_size=1, max_size=4), TOP_LABELS)
HOSTS = DOMAINS | st.ip_addresses(v=4).map(str) | TOP_LABELS
SCHEMES = st.sampled_from(["http", "https", "capacitor", "chrome-extension"])
PORTS = st.just("") | st.integers(1, 65535).map(":{}".format)
ORIGINS = st.builds("{}://{}{}".format, SCHEMES, HOSTS, PORTS)
# Text that gets further than random characters do.
PIECES = ["http", "https", "file:", "://", "null", "native", "localhost", "a", "A", "1", "0x", "443", "0", "xn--"]
SIGNS = [":", ".", "*", "*.", "[", "]", "::1", "/", "\\", "@", "%", ",", " ", "\t", "ü", "\u212a", "\u3002", "\ud800"]
NEARLY_ORIGINS = st.lists(st.sampled_from([*PIECES, *SIGNS])).map("".join)
ANYTHING = st.text() | NEARLY_ORIGINS


class TestNormalize:
    @pytest.mark.parametrize(
        ("entry", "stored"),
        [
            (APP, APP),
            (WILDCARD, WILDCARD),
            ("*", "*"),
            ("native", "native"),
            ("Native", "native"),
            ("HTTPS://App.Example.COM", APP),
            ("https://app.example.com/", APP),
            ("https://app.example.com:443", APP),
            ("https://app.example.com:443/", APP),
            ("https://app.example.com:80", "https://app.example.com:80"),
            ("http://app.example.com:80", "http://app.example.com"),
            ("https://app.example.com:65535", "https://app.example.com:65535"),
            ("https://*.Example.com:443/", WILDCARD),
            ("https://*.example.com:8443", "https://*.example.com:8443"),
            ("https://*.deep.er.example.com", "https://*.deep.er.example.com"),
            ("http://*.localhost:3000", "http://*.localhost:3000"),
            ("https://shop-*-acme.vercel.app", "https://shop-*-acme.vercel.app"),
            ("HTTPS://Shop-*-Acme.Vercel.app:443/", "https://shop-*-acme.vercel.app"),
            ("https://deploy-preview-*--shop.netlify.app", "https://deploy-preview-*--shop.netlify.app"),
            ("https://*--shop.netlify.app", "https://*--shop.netlify.app"),
            ("https://*-acme.vercel.app", "https://*-acme.vercel.app"),
            ("https://pr-*.d1a2b3.amplifyapp.com", "https://pr-*.d1a2b3.amplifyapp.com"),
            ("https://preview-*.example.com:8443", "https://preview-*.example.com:8443"),
            ("http://localhost:*", "http://localhost:*"),
            ("HTTP://LOCALHOST:*/", "http://localhost:*"),
            ("https://localhost:*", "https://localhost:*"),
            ("http://127.0.0.1:*", "http://127.0.0.1:*"),
            ("http://127.1.2.3:*", "http://127.1.2.3:*"),
            ("http://[::1]:*", "http://[::1]:*"),
            ("http://0.0.0.0:*", "http://0.0.0.0:*"),
            ("http://app.localhost:*", "http://app.localhost:*"),
            ("http://*.localhost:*", "http://*.localhost:*"),
            ("http://pr-*.localhost:*", "http://pr-*.localhost:*"),
            ("moz-extension://*", "moz-extension://*"),
            ("MOZ-EXTENSION://*", "moz-extension://*"),
            ("safari-web-extension://*", "safari-web-extension://*"),
            ("vscode-webview://*", "vscode-webview://*"),
            ("app:///", "app://"),
            ("file:///", "file://"),
            ("app://./", "app://."),
            ("https://*.com", "https://*.com"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("https://my_app.example.com", "https://my_app.example.com"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
            ("https://4.example.com", "https://4.example.com"),
            ("http://192.0.2.1:8080", "http://192.0.2.1:8080"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("https://[2001:DB8:0:0:0:0:0:1]:443", "https://[2001:db8::1]"),
            ("https://[2001:db8:0:0:1:0:0:1]", "https://[2001:db8::1:0:0:1]"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("ionic://localhost", "ionic://localhost"),
            ("tauri://localhost", "tauri://localhost"),
            ("app://obsidian.md", "app://obsidian.md"),
            ("app://localhost:443", "app://localhost:443"),
            (
                "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
                "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            ),
            (f"https://{'a' * 63}.example.com", f"https://{'a' * 63}.example.com"),
            (f"https://{'a.' * 126}a", f"https://{'a.' * 126}a"),
        ],
    )
    def test_origin_is_stored_normalized(self, entry, stored):
        assert normalize(entry) == stored

    @pytest.mark.parametrize(
        ("entry", "reason"),
        [
            ("", "must start with a scheme: write https://app.example.com"),
            ("example.com", "must start with a scheme: write https://example.com"),
            ("localhost:3000", "or http://localhost:3000 for a page without TLS"),
            ("*.example.com", "write https://*.example.com"),
            ("example.com/widget", "write https://example.com,"),
            ("//example.com", "must start with a scheme"),
            ("://example.com", "valid scheme"),
            ("1app://example.com", "valid scheme"),
            ("*://example.com", "valid scheme"),
            ("https://example.com/path", "drop the path"),
            ("https://example.com//", "drop the path"),
            ("https://example.com/?", "drop the path"),
            ("https://example.com?query", "drop the query"),
            ("https://example.com#", "drop the fragment"),
            ("https://user@example.com", "drop the user info"),
            ("https://user:word@example.com", "drop the user info"),
            ("https://example.com\\", "drop the backslash"),
            ("https://app%2eexample.com", "drop the percent-encoding"),
            ("https://a.example,https://b.example", "separate entries"),
            ("https://a.example https://b.example", "separate entries"),
            (" https://example.com", "spaces or control characters"),
            ("https://example.com\n", "spaces or control characters"),
            ("https://exa\tmple.com", "spaces or control characters"),
            ("https://example.com\x00", "spaces or control characters"),
            ("https://exa\u200bmple.com", "spaces or control characters"),
            ("https://\ud800.example", "spaces or control characters"),
            ("null", "only * admits it"),
            ("file:///index.html", "drop the path"),
            ("file://server", "must be file:// alone"),
            ("file://localhost", "must be file:// alone"),
            ("file://:80", "before the port"),
            ("data:text/html,hello", "its pages send null"),
            ("javascript:alert(1)", "its pages send null"),
            ("blob:https://example.com/1", "its pages send null"),
            ("about:blank", "its pages send null"),
            ("wss://example.com", "the origin of their page"),
            ("WS://example.com", "the origin of their page"),
            ("ftp://example.com", "no pages over FTP"),
            ("https://", "must name a host"),
            ("https:///", "must name a host"),
            ("https://:443", "must name a host"),
            ("app://:443", "before the port"),
            ("app://my app", "spaces or control characters"),
            ("app://my!app", "letters, digits, dots"),
            ("app://" + "a" * 254, "at most 253"),
            ("app://[::1", "in brackets"),
            ("app:localhost", "must start with a scheme"),
            ("app:/localhost", "must start with a scheme"),
            ("https://*", "whole first label"),
            ("https://*:3000", "whole first label"),
            ("https://*.*.example.com", "whole first label"),
            ("https://app.*.example.com", "whole first label"),
            ("https://example.*", "whole first label"),
            ("https://app*.example.com", "set off by hyphens"),
            ("https://*app.example.com", "set off by hyphens"),
            ("https://shop-*acme.example.com", "set off by hyphens"),
            ("https://shop*-acme.example.com", "set off by hyphens"),
            ("https://shop-*-*-acme.example.com", "set off by hyphens"),
            ("https://shop-**.example.com", "set off by hyphens"),
            ("https://sh_p-*.example.com", "set off by hyphens"),
            ("https://xn--bcher-*.example.com", "set off by hyphens"),
            ("https://xn--*.example.com", "set off by hyphens"),
            ("https://-*.vercel.app", "too little fixed text"),
            ("https://a-*.vercel.app", "too little fixed text"),
            ("https://*-a.vercel.app", "too little fixed text"),
            ("https://a-*-b.vercel.app", "too little fixed text"),
            ("https://shop-*", "whole first label"),
            ("https://shop-*.", "must name a host"),
            ("https://www.shop-*.example.com", "whole first label"),
            ("https://*.shop-*.example.com", "whole first label"),
            ("https://10-*.0.0.1", "four decimal numbers"),
            ("https://shop-*.192.0.2.1", "no subdomains"),
            ("app://shop-*.localhost", "no subdomains"),
            ("https://example.com:*", "only on loopback"),
            ("https://*.example.com:*", "only on loopback"),
            ("http://localhost.example:*", "only on loopback"),
            ("http://192.168.0.1:*", "only on loopback"),
            ("app://localhost:*", "only on loopback"),
            ("http://localhost:3000:*", "port as a number"),
            ("http://localhost:*:*", "port as a number"),
            ("http://localhost:**", "port as a number"),
            ("http://localhost:3*", "port as a number"),
            ("localhost:*", "or http://localhost:* for a page without TLS"),
            ("chrome-extension://*", "list the app's own origin"),
            ("app://*", "list the app's own origin"),
            ("moz-extension://*:80", "list the app's own origin"),
            ("https://xn--.example.com", "no name in punycode"),
            ("https://xn--a.example.com", "no name in punycode"),
            ("https://xn--example-.com", "no name in punycode"),
            ("https://xn--0.example.com", "no name in punycode"),
            ("https://*.", "must name a host"),
            ("capacitor://*.localhost", "no subdomains"),
            ("https://*.192.0.2.1", "no subdomains"),
            ("https://*.[2001:db8::1]", "no subdomains"),
            ("https://example.com.", "empty label"),
            ("https://.example.com", "empty label"),
            ("https://app..example.com", "empty label"),
            ("https://.", "empty label"),
            ("https://app!.example.com", "labels of 1 to 63"),
            (f"https://{'a' * 64}.example.com", "labels of 1 to 63"),
            (f"https://{'a.' * 127}a", "253 characters"),
            ("https://" + "a" * 300, "at most 300"),
            ("https://example.com:", "port as a number"),
            ("https://example.com:0", "port as a number"),
            ("https://example.com:65536", "port as a number"),
            ("https://example.com:0443", "port as a number"),
            ("https://example.com:+443", "port as a number"),
            ("https://example.com:443:443", "port as a number"),
            ("https://example.com:https", "port as a number"),
            ("http://127.1", "four decimal numbers"),
            ("http://2130706433", "four decimal numbers"),
            ("http://0x7f.0.0.1", "four decimal numbers"),
            ("http://0x7f000001", "four decimal numbers"),
            ("http://127.0.0.0x", "four decimal numbers"),
            ("http://0177.0.0.1", "four decimal numbers"),
            ("http://192.0.2.256", "four decimal numbers"),
            ("http://1.2.3.4.5", "four decimal numbers"),
            ("http://example.1", "four decimal numbers"),
            ("https://*.1", "four decimal numbers"),
            ("http://[::1", "in brackets"),
            ("http://[::1]3000", "in brackets"),
            ("http://[]", "in brackets"),
            ("http://[127.0.0.1]", "in brackets"),
            ("http://[[::1]]", "in brackets"),
            ("http://[fe80::1%eth0]", "percent-encoding"),
            ("http://[::ffff:192.0.2.1]", "write 192.0.2.1"),
            ("http://[::ffff:c000:201]", "write 192.0.2.1"),
        ],
    )
    def test_malformed_origin_is_refused(self, entry, reason):
        with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the reason is compared below, as plain text
            normalize(entry)
        assert reason in str(refusal.value)

    @pytest.mark.parametrize(
        ("entry", "advice"),
        [
            ("https://bücher.example:8443", "in punycode: xn--bcher-kva.example"),
            ("https://*.BÜCHER.example", "in punycode: xn--bcher-kva.example"),
            ("https://\u0430pple.com", "in punycode: xn--pple-43d.com"),  # A Cyrillic a.
            ("https://\u212aelvin.example", "in punycode: kelvin.example"),
            # Here Python's older tables and a browser's give different hosts: better no advice than a stranger's host.
            ("https://straße.example", "in punycode"),
            ("https://app\u3002example.com", "in punycode"),
            ("https://" + "ü" * 64, "in punycode"),
        ],
    )
    def test_error_suggests_punycode_if_it_is_certain(self, entry, advice):
        with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the reason is compared below, as plain text
            normalize(entry)
        assert str(refusal.value).endswith(advice)

    @given(ANYTHING)
    def test_normalize_is_idempotent(self, entry):
        try:
            stored = normalize(entry)
        except ValueError:
            return
        assert normalize(stored) == stored
        assert stored == stored.lower()

    @given(ORIGINS)
    def test_case_and_trailing_slash_do_not_matter(self, exact):
        assert normalize(exact.upper() + "/") == normalize(exact)


class TestIsAllowed:
    @pytest.mark.parametrize(
        ("header", "entry"),
        [
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
        ],
    )
    def test_entry_admits_origin(self, header, entry):
        assert is_allowed(header, (entry,))

    @pytest.mark.parametrize(
        "header",
        [
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
        ],
    )
    def test_exact_origin_admits_nothing_else(self, header):
        assert not is_allowed(header, (APP,))

    @pytest.mark.parametrize(
        ("entry", "admitted", "refused"),
        [
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
                    # A part of a name in punycode is no part of the name that it stands for.
                    *("xn--bcher-kva--shop.netlify.app", "xn--shop.netlify.app"),
                ],
            ),
            (
                "https://pr-*.example.com:8443",
                ["pr-7.example.com:8443"],
                ["pr-7.example.com", "pr-7.example.com:84430"],
            ),
        ],
    )
    def test_partial_label_wildcard_admits_only_one_label(self, entry, admitted, refused):
        assert [host for host in admitted if not is_allowed(f"https://{host}", (entry,))] == []
        assert [host for host in refused if is_allowed(f"https://{host}", (entry,))] == []
        assert [host for host in admitted if is_allowed(f"http://{host}", (entry,))] == []

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.2", "[::1]", "0.0.0.0", "app.localhost"])  # noqa: S104
    def test_any_port_admits_every_port_of_its_host(self, host):
        entries = (f"http://{host}:*",)
        assert is_allowed(f"http://{host}", entries)
        assert all(is_allowed(f"http://{host}:{port}", entries) for port in (1, 80, 443, 3000, 65535))
        others = [f"https://{host}:3000", f"http://{host}.evil.example:3000", f"http://x{host}:3000", f"app://{host}:1"]
        ports = [f"http://{host}:{port}" for port in ("", "0", "65536", "*", "3000:3000", "+3", "3000/")]
        assert [header for header in (*others, *ports) if is_allowed(header, entries)] == []

    def test_partial_label_wildcard_may_have_any_port_on_loopback(self):
        entries = (normalize("http://pr-*.localhost:*"),)
        assert all(is_allowed(f"http://pr-1.localhost{port}", entries) for port in ("", ":80", ":5173"))
        others = [
            "http://pr-.localhost:1",
            "http://1.localhost:1",
            "http://pr-1.a.localhost:1",
            "http://pr-1.evil.com:1",
        ]
        assert [header for header in others if is_allowed(header, entries)] == []

    def test_any_port_works_for_every_name_below_localhost(self):
        entries = ("http://*.localhost:*",)
        assert is_allowed("http://a.b.localhost:3000", entries)
        assert is_allowed("http://a.localhost", entries)
        assert not is_allowed("http://localhost:3000", entries)

    @pytest.mark.parametrize(
        "header",
        [
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
        ],
    )
    def test_wildcard_admits_only_subdomains(self, header):
        assert not is_allowed(header, (WILDCARD,))

    @pytest.mark.parametrize(
        ("header", "entry"),
        [
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
        ],
    )
    def test_different_spelling_is_a_different_origin(self, header, entry):
        assert not is_allowed(header, (entry,))

    @pytest.mark.parametrize("header", [APP, "native", "null", ""])
    def test_native_admits_no_origin_at_all(self, header):
        assert not is_allowed(header, ("native",))

    def test_star_does_not_admit_a_missing_origin(self):
        assert not is_allowed(None, ("*",))

    def test_no_entries_admit_nothing(self):
        assert not is_allowed(None, ())
        assert not is_allowed(APP, ())

    def test_each_entry_counts(self):
        entries = (*(f"https://{number}.example.org" for number in range(98)), WILDCARD, "native")
        assert all(is_allowed(header, entries) for header in ("https://97.example.org", APP, None))
        assert not is_allowed("https://98.example.org", entries)

    @given(ORIGINS)
    def test_a_stored_origin_admits_itself(self, exact):
        stored = normalize(exact)
        assert is_allowed(stored, (stored,))

    @given(ORIGINS, ORIGINS)
    def test_a_stored_origin_admits_no_other(self, exact, other):
        assume(normalize(exact) != normalize(other))
        assert not is_allowed(other, (normalize(exact),))

    @given(LABELS, LABELS, LABELS, DOMAINS, st.data())
    def test_partial_label_wildcard_never_crosses_a_dot(self, before, after, part, domain, data):
        entry = f"https://{before}x-*-x{after}.{domain}"
        assume(normalize_or_none(entry) == entry and part.isalnum())
        assume(len(before + part + after) < 50)
        admitted = f"https://{before}x-{part}-x{after}.{domain}"
        assert is_allowed(admitted, (entry,))
        place = data.draw(st.integers(8, len(admitted) - len(domain)))
        assert not is_allowed(f"{admitted[:place]}.{admitted[place:]}", (entry,))

    @given(ORIGINS, st.text(min_size=1), st.booleans(), st.data())
    def test_text_inserted_into_an_origin_makes_it_different(self, exact, text, replaces, data):
        stored = normalize(exact)
        start = data.draw(st.integers(0, len(stored)))
        forged = stored[:start] + text + stored[start + len(text) * replaces :]
        # A change of case or a default port leaves the origin as it was.
        assume(not forged.isascii() or normalize_or_none(forged) != stored)
        assert not is_allowed(forged, (stored,))

    @given(DOMAINS, st.lists(LABELS, min_size=1, max_size=4), PORTS)
    def test_a_wildcard_admits_every_depth_but_not_the_apex(self, domain, labels, port):
        entries = (normalize(f"https://*.{domain}{port}"),)
        assert is_allowed(f"https://{'.'.join(labels)}.{domain}{port}", entries)
        assert not is_allowed(f"https://{domain}{port}", entries)

    @given(DOMAINS, LABELS, DOMAINS)
    def test_a_wildcard_admits_on_a_dot_boundary_only(self, domain, label, other):
        entries = (normalize(f"https://*.{domain}"),)
        assume(not f".{other}".endswith(f".{domain}"))
        assert not is_allowed(f"https://{label}{domain}", entries)
        assert not is_allowed(f"https://{label}.{domain}.{other}", entries)

    @given(ANYTHING, st.lists(ORIGINS | st.sampled_from(["http://localhost:*", "https://shop-*-acme.vercel.app"])))
    def test_no_header_raises(self, header, entries):
        assert is_allowed(header, entries) in {True, False}
        assert is_allowed(header, [*entries, "*"])


def normalize_or_none(entry):
    try:
        return normalize(entry)
    except ValueError:
        return None


@pytest.mark.parametrize("entry", ["moz-extension://*", "MOZ-EXTENSION://*/", "moz-extension://*/"])
def test_extension_wildcard_may_end_in_a_slash(entry):
    assert normalize(entry) == "moz-extension://*"


def test_chrome_extension_wildcard_hint_shows_a_valid_id():
    """Chrome's ids have 32 letters from a to p."""
    with pytest.raises(ValueError, match=r"such as chrome-extension://[a-p]{32}$"):
        normalize("chrome-extension://*")
