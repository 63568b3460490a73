"""Strategies for origins, and the result of normalizing an entry."""

import string

from hypothesis import strategies as st

from shared.rules.origin import deciding_entry, normalize

APP = "https://app.example.com"
WILDCARD = "https://*.example.com"

# Names whose last label is not a number, which would make them IP addresses.
LABELS = st.text(string.ascii_lowercase + string.digits + "-_", min_size=1, max_size=20).filter(
    lambda label: not label.startswith("xn--")
)
TOP_LABELS = st.text(string.ascii_lowercase, min_size=1, max_size=20)
DOMAINS = st.builds(lambda labels, top: ".".join([*labels, top]), st.lists(LABELS, min_size=1, max_size=4), TOP_LABELS)
HOSTS = DOMAINS | st.ip_addresses(v=4).map(str) | TOP_LABELS
SCHEMES = st.sampled_from(["http", "https", "capacitor", "chrome-extension"])
PORTS = st.just("") | st.integers(1, 65535).map(":{}".format)
ORIGINS = st.builds("{}://{}{}".format, SCHEMES, HOSTS, PORTS)
# Text that is nearly an origin, which finds more than random characters.
PIECES = ["http", "https", "file:", "://", "null", "native", "localhost", "a", "A", "1", "0x", "443", "0", "xn--"]
SIGNS = [":", ".", "*", "*.", "[", "]", "::1", "/", "\\", "@", "%", ",", " ", "\t", "ü", "\u212a", "\u3002", "\ud800"]
NEARLY_ORIGINS = st.lists(st.sampled_from([*PIECES, *SIGNS])).map("".join)
ANYTHING = st.text() | NEARLY_ORIGINS


def is_allowed(header, entries):
    """Whether normalized entries admit a request with this Origin header. None: without the header."""
    decided = deciding_entry(header, entries)
    assert decided is None or decided in entries
    return decided is not None


def stored(entry):
    """The stored form of an entry, or None if it is refused."""
    try:
        return normalize(entry)
    except ValueError:
        return None


def reason(entry):
    """Why an entry is refused, None if it is stored."""
    try:
        normalize(entry)
    except ValueError as refusal:
        return str(refusal)
    return None
