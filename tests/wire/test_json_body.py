"""The number of values in a body is bounded without parsing it."""

import json

from hypothesis import given
from hypothesis import strategies as st

from shared.wire.json_body import has_too_many_values

TEXTS = st.text(alphabet='a,[]{}"\\\n\u00e9', max_size=8)
VALUES = st.recursive(
    st.none() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(TEXTS, inner, max_size=6),
    max_leaves=40,
)


def count(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(count, inner))


@given(VALUES, st.sampled_from([None, 1]), st.booleans())
def test_allowed_number_of_values_always_passes(value, indent, is_ascii):
    body = json.dumps(value, indent=indent, ensure_ascii=is_ascii)
    assert not has_too_many_values(body, count(value))


@given(VALUES, st.integers(1, 20))
def test_body_that_passes_has_at_most_twice_the_allowed_values(value, most):
    if not has_too_many_values(json.dumps(value), most):
        assert count(value) <= 2 * most + 1


@given(st.text(alphabet='a,[{"\\', max_size=60))
def test_invalid_json_is_counted_like_json(text):
    """The text follows the first value of a list. An unterminated string extends to the end of the text."""
    outside, is_inside, is_escaped = 1, False, False
    for character in text:
        if is_escaped:
            is_escaped = False
        elif is_inside and character == "\\":
            is_escaped = True
        elif character == '"':
            is_inside = not is_inside
        elif not is_inside:
            outside += character in ",[{"
    for most in range(outside // 2 + 1):
        assert has_too_many_values(f"[{text}", most) == (outside > 2 * most) or text.count('"') > 4 * most
