"""If-Match and Idempotency-Key: what they may contain, exactly."""

import pytest

from shared.errors import InvalidRequest, PreconditionFailed
from shared.gateway import headers


@pytest.mark.parametrize(
    ("written", "revisions"),
    [
        (None, None),
        ("*", None),
        (" * ", None),
        ('"1"', {1}),
        ('"1","2" ,\t"3"', {1, 2, 3}),
        (',, "2" ,,', {2}),
        ('"x,y", "2"', {2}),
        ('W/"1", "2"', {2}),
        ('W/"1"', set()),
        ('"1-gzip"', set()),
        ('"02"', set()),
        ('"0"', set()),
        ('"-2"', set()),
        ('"2.0"', set()),
        ('""', set()),
        ('"\xe9"', set()),
        (f'"{"2" * 16}"', set()),
        (", ".join(['"2"'] * 50), {2}),
    ],
)
def test_if_match_is_read_as_revisions(written, revisions):
    assert headers.expected_revisions({} if written is None else {"if-match": written}) == revisions


OF_A_PROXY = ['W/"2"', 'W/"1", W/"2"', 'W/"2", "other"', '"9", W/"1"', ' W/"2-gzip" ']
OF_A_PROXY += [f'"{tag}"' for tag in ("1-gzip", "1;gzip", "1--gzip", "12-br", "1-zstd", '9", "1-gzip')]
OF_A_PROXY += [f'"{tag}"' for tag in ("1:gzip", "1-GZIP", "1-gzip-gzip", "1-gzip;br", "1_br", "1/br", "1:agent7")]


@pytest.mark.parametrize("written", OF_A_PROXY)
def test_error_explains_a_tag_that_a_proxy_changed(written):
    refused = headers.precondition_failed({"if-match": written})
    assert "proxy" in refused.message
    assert "Send the tag without it" in refused.hint
    assert "again" not in refused.hint


@pytest.mark.parametrize("written", ['"2"', '"1", "2"', '"other"', '"2.0"', '"a-gzip"', '"-gzip"'])
def test_error_for_other_tags_says_to_read_again(written):
    assert headers.precondition_failed({"if-match": written}).hint == PreconditionFailed.hint


@pytest.mark.parametrize(
    "written",
    ["", " ", ",", "2", '"2', '2"', '"1" "2"', '"1"2', '*, "2"', '"2", *', 'w/"2"', '"a b"', ", ".join(['"2"'] * 51)],
)
def test_malformed_if_match_is_refused(written):
    with pytest.raises(InvalidRequest) as refused:
        headers.expected_revisions({"if-match": written})
    assert refused.value.code == "invalid_header"


@pytest.mark.parametrize("written", ['"' * 10_000, "W/" * 5_000, "," * 10_000, '"1"' + (" ," * 5_000), '"2" ' * 2_500])
def test_hostile_if_match_list_is_read_in_linear_time(written):
    """A backtracking pattern would take years."""
    with pytest.raises(InvalidRequest):
        headers.expected_revisions({"if-match": written + "x"})


@pytest.mark.parametrize("key", ["1", " ", "~" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"'])
def test_idempotency_key_may_be_any_printable_ascii(key):
    assert headers.idempotency_key({"idempotency-key": key}) == key


@pytest.mark.parametrize("key", ["", "a" * 256, "\xe9", "\t", "a\n", "a\x7f"])
def test_malformed_idempotency_key_is_refused(key):
    with pytest.raises(InvalidRequest) as refused:
        headers.idempotency_key({"idempotency-key": key})
    assert refused.value.code == "invalid_header"


def test_missing_idempotency_key_is_none():
    assert headers.idempotency_key({}) is None


def test_headers_are_case_insensitive_and_repeated_ones_are_joined():
    assert headers.combined(None) == {}
    assert headers.combined({"If-Match": ['"1"', '"2"'], "if-match": ['"3"'], "A": [""]}) == {
        "if-match": '"1", "2", "3"',
        "a": "",
    }
