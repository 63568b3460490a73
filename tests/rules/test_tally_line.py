"""Lines of the log as tallies read them: only what a function can have written about a visitor's request."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules import tally_line

AT = datetime(2026, 11, 26, 10, tzinfo=UTC)
ANSWERED = {
    "level": "INFO", "message": "answered", "operation": "chat", "request_id": "JKJaXmPLvHcESHA=", "status": 200,
    "milliseconds": 812, "first_byte_milliseconds": 301, "tenant": "acme", "token_id": "ct_01m85tkcek9dh4b89k1xdr8rvw",
    "outcome": "answered", "input_tokens": 30, "output_tokens": 4, "cost": 38_000_000,
}  # fmt: skip
REFUSED = {
    "level": "INFO", "message": "answered", "operation": "init_session", "request_id": "JKJaXmPLvHcESHA=",
    "status": 403, "code": "origin_not_allowed", "milliseconds": 9, "origin": "https://evil.example:8443",
    "tenant": "acme", "token_id": "ct_01m85tkcek9dh4b89k1xdr8rvw",
}  # fmt: skip
ODD_ORIGINS = ["null", "malformed", "https://xn--mnchen-3ya.example", "https://[2001:db8::1]:8443", "app://."]


def parsed(fields):
    return tally_line.parse(json.dumps(fields), AT)


def test_answered_message_is_read():
    line = parsed(ANSWERED)
    assert (line.token_id, line.at, line.outcome) == (ANSWERED["token_id"], AT, "answered")
    assert (line.input_tokens, line.output_tokens, line.cost) == (30, 4, 38_000_000)
    assert (line.milliseconds, line.first_byte_milliseconds) == (812, 301)


@pytest.mark.parametrize("origin", ODD_ORIGINS)
def test_refusal_is_read_with_its_origin(origin):
    line = parsed(REFUSED | {"origin": origin})
    assert (line.code, line.status, line.origin, line.cost) == ("origin_not_allowed", 403, origin, 0)


@pytest.mark.parametrize(
    "changed",
    [
        {"message": "fault"}, {"message": "rejected"}, {"token_id": "ct_1"}, {"token_id": "ct_*"}, {"token_id": 5},
        {"token_id": "ct_01m85tkcek9dh4b89k1xdr8rvw#HOUR"}, {"token_id": None}, {"status": "200"}, {"status": 99},
        {"status": True}, {"status": 200.5}, {"milliseconds": -1}, {"milliseconds": 10**8},
        {"cost": 10**19}, {"cost": "1"}, {"input_tokens": 10**10}, {"output_tokens": []}, {"code": "Ünknown"},
        {"code": "x" * 65}, {"code": {"a": 1}}, {"origin": "x" * 301}, {"origin": "https://a.example\n"},
        {"origin": "https://münchen.example"}, {"request_id": "x" * 129}, {"outcome": "a b"},
        {"previous_value": "x" * 17}, {"observed": "\u0000"}, {"more": "x" * 4096},
    ],
    ids=lambda changed: str(changed)[:40],
)  # fmt: skip
def test_line_that_no_function_writes_is_skipped(changed):
    assert parsed(ANSWERED | changed) is None


@pytest.mark.parametrize(
    ("field", "most"),
    [
        ("status", 599), ("milliseconds", 10**7), ("first_byte_milliseconds", 10**7), ("input_tokens", 10**9),
        ("output_tokens", 10**9), ("cost", 10**18),
    ],
)  # fmt: skip
def test_numbers_have_a_maximum(field, most):
    assert getattr(parsed(ANSWERED | {field: most}), field) == most
    assert parsed(ANSWERED | {field: most + 1}) is None


@pytest.mark.parametrize(
    ("field", "most"),
    [("request_id", 128), ("origin", 300), ("code", 64), ("observed", 64), ("outcome", 64), ("previous_value", 16)],
)
def test_texts_have_a_maximum(field, most):
    assert getattr(parsed(ANSWERED | {field: "a" * most}), field) == "a" * most
    assert parsed(ANSWERED | {field: "a" * (most + 1)}) is None


def test_line_has_a_maximum_length():
    padding = "x" * (4096 - len(json.dumps(ANSWERED | {"more": ""})))
    assert parsed(ANSWERED | {"more": padding}) == parsed(ANSWERED)
    assert parsed(ANSWERED | {"more": f"{padding}x"}) is None


@pytest.mark.parametrize("text", ["", "START RequestId: 1", "{", "[]", "null", "[" * 4000, '"answered"', "{}", "1e999"])
def test_text_that_is_no_line_is_skipped(text):
    assert tally_line.parse(text, AT) is None


def test_log_of_the_tally_itself_is_skipped():
    fault = {"level": "ERROR", "message": "fault", "operation": "tally", "request_id": "1", "error": "Unavailable"}
    assert parsed(fault) is None


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted({*ANSWERED, *REFUSED, "observed", "previous_value"})), _json))
def test_no_value_of_a_field_breaks_it(fields):
    parsed(ANSWERED | fields)


@given(st.text())
def test_no_text_breaks_it(text):
    assert tally_line.parse(text, AT) is None
