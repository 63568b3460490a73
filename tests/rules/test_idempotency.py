"""Idempotent requests: keys are scoped, and stored responses hold no value."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules import idempotency
from shared.rules.audit import AuditContext
from shared.rules.idempotency import StoredResponse
from tests.rules.samples import AT, VALUE, token

CONTEXT = AuditContext(tenant="acme", actor="key_1", address="192.0.2.1", request_id="1", at=AT)
KEY = idempotency.scoped_key("k", CONTEXT, "create", body="{}")
# Text of callers may look like anything that stands in a response.
PARTS = st.sampled_from(['"', "\\", '"token":', "null", ",", "[]", VALUE[:-1], VALUE[1:], "\u2028", "\N{PILE OF POO}"])
TEXT = st.lists(PARTS).map("".join)


@given(TEXT, TEXT)
def test_stored_response_is_whole_again_with_its_value(name, other):
    body = {"clientToken": {"name": name, "tokenValue": VALUE}, "token": VALUE, "message": other}
    sent = json.dumps(body, ensure_ascii=False)
    pieces = idempotency.without_value(sent, VALUE)
    stored = StoredResponse(key=KEY, pieces=pieces, issued_value=token().issued_value, revision=1)
    assert stored.with_value(VALUE) == body
    assert not any(VALUE in piece for piece in pieces)


@pytest.mark.parametrize(
    ("context", "key", "what"),
    [
        (replace(CONTEXT, tenant="other"), "k", ["create"]),
        (replace(CONTEXT, actor="key_2"), "k", ["create"]),
        (CONTEXT, "K", ["create"]),
        (CONTEXT, "k", ["regenerate", "ct_1"]),
        (CONTEXT, "k", ["create", ""]),
    ],
)
def test_key_is_scoped_to_the_caller_and_the_operation(context, key, what):
    assert idempotency.scoped_key(key, context, *what, body="{}").digest != KEY.digest


def test_another_body_has_another_fingerprint():
    other = idempotency.scoped_key("k", CONTEXT, "create", body="[]")
    assert (other.digest == KEY.digest, other.fingerprint == KEY.fingerprint) == (True, False)


def test_request_without_a_key_is_not_stored():
    assert idempotency.scoped_key(None, CONTEXT, "create", body="{}") is None
