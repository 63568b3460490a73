"""Properties of allowlists: what holds for any origin, wildcard, and header."""

from hypothesis import assume, given
from hypothesis import strategies as st

from shared.rules.origin import normalize
from tests.rules.origins import ANYTHING, DOMAINS, LABELS, ORIGINS, PORTS, is_allowed, stored


@given(ORIGINS)
def test_a_stored_origin_admits_itself(exact):
    entry = normalize(exact)
    assert is_allowed(entry, (entry,))


@given(ORIGINS, ORIGINS)
def test_a_stored_origin_admits_no_other(exact, other):
    assume(normalize(exact) != normalize(other))
    assert not is_allowed(other, (normalize(exact),))


@given(LABELS, LABELS, LABELS, DOMAINS, st.data())
def test_partial_label_wildcard_never_crosses_a_dot(before, after, part, domain, data):
    entry = f"https://{before}x-*-x{after}.{domain}"
    assume(stored(entry) == entry and part.isalnum())
    assume(len(before + part + after) < 50)
    admitted = f"https://{before}x-{part}-x{after}.{domain}"
    assert is_allowed(admitted, (entry,))
    place = data.draw(st.integers(8, len(admitted) - len(domain)))
    assert not is_allowed(f"{admitted[:place]}.{admitted[place:]}", (entry,))


@given(ORIGINS, st.text(min_size=1), st.booleans(), st.data())
def test_text_inserted_into_an_origin_makes_it_different(exact, text, replaces, data):
    entry = normalize(exact)
    start = data.draw(st.integers(0, len(entry)))
    forged = entry[:start] + text + entry[start + len(text) * replaces :]
    # A change of case or a default port leaves the origin as it was.
    assume(not forged.isascii() or stored(forged) != entry)
    assert not is_allowed(forged, (entry,))


@given(DOMAINS, st.lists(LABELS, min_size=1, max_size=4), PORTS)
def test_a_wildcard_admits_every_depth_but_not_the_apex(domain, labels, port):
    entries = (normalize(f"https://*.{domain}{port}"),)
    assert is_allowed(f"https://{'.'.join(labels)}.{domain}{port}", entries)
    assert not is_allowed(f"https://{domain}{port}", entries)


@given(DOMAINS, LABELS, DOMAINS)
def test_a_wildcard_admits_on_a_dot_boundary_only(domain, label, other):
    entries = (normalize(f"https://*.{domain}"),)
    assume(not f".{other}".endswith(f".{domain}"))
    assert not is_allowed(f"https://{label}{domain}", entries)
    assert not is_allowed(f"https://{label}.{domain}.{other}", entries)


@given(ANYTHING, st.lists(ORIGINS | st.sampled_from(["http://localhost:*", "https://shop-*-acme.vercel.app"])))
def test_no_header_raises(header, entries):
    assert is_allowed(header, entries) in {True, False}
    assert is_allowed(header, [*entries, "*"])
