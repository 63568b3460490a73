"""DynamoDB stores numbers of up to 38 digits: no request can cause a larger one to be written."""

import json

import pytest

from tests.aws.network import NETWORK
from tests.functions.page import ADDRESS, Page

TOKENS = "/v1/client-tokens"
HUGE = [
    10**37, 10**38, -(10**38), 10**39 - 1, 10**126, 10**300, -(10**300), 10**4299, 1e22, 1e38, -1e38, 1e300, -1e300,
    5e-324, 0.1, 2**63, 2**64, float(2**127),
]  # fmt: skip
SPELLED = ["1e400", "-1e400", "9" * 5000, "1E+39", "0." + "0" * 200 + "1", "NaN", "Infinity"]
NUMBERS = [json.dumps(number) if abs(number) < 10**400 else "1" + "0" * 4299 for number in HUGE] + SPELLED


def numbers(parameters):
    """Every number in a request to DynamoDB."""
    match parameters:
        case {"N": str(number), **rest} if not rest:
            yield number
        case dict():
            for inner in parameters.values():
                yield from numbers(inner)
        case list():
            for inner in parameters:
                yield from numbers(inner)


@pytest.fixture
def stored():
    """Records every number that is sent to DynamoDB."""
    sent = []
    with NETWORK.hooked(lambda request: sent.extend(numbers(request.parameters))):
        yield sent


def body(number, field, **fields):
    return f'{json.dumps(fields)[:-1]}, "{field}": {number}}}'


MANAGEMENT = [
    "rateLimitPerMinute", "rateLimitPerHour", "maxMessagesPerSession", "sessionIdleTimeoutMinutes", "config", "name",
    "expiresAt", "isActive", "pinToVersion",
]  # fmt: skip


@pytest.mark.parametrize("field", MANAGEMENT)
def test_management_stores_no_number_of_more_than_38_digits(api, stored, field):
    path = f"{TOKENS}/{api.create()['clientToken']['id']}"
    for number in NUMBERS:
        fields = {"name": "Shop", "allowedOrigins": ["*"]}
        value = f'{{"a": {number}}}' if field == "config" else number
        answers = [api.post(TOKENS, body(value, field, **fields)), api.put(path, body(value, field, name="Shop"))]
        assert {answer.status_code for answer in answers} <= {200, 201, 400}, number
    assert_small(stored)


def test_regenerate_and_lists_store_no_number_of_more_than_38_digits(api, stored):
    path = f"{TOKENS}/{api.create()['clientToken']['id']}"
    for number in NUMBERS:
        answers = [api.post(f"{path}/regenerate", f'{{"gracePeriodSeconds": {number}}}')]
        answers += [
            api.get(f"{where}?{name}={number}")
            for where in (TOKENS, f"{path}/conversations")
            for name in ("limit", "offset")
        ]
        assert {answer.status_code for answer in answers} <= {200, 400}, number
    assert_small(stored)


@pytest.mark.parametrize("kind", ["upvote", "downvote", "copy", "csat", "nps"])
def test_feedback_stores_no_number_of_more_than_38_digits(app, page, token, stored, kind):
    session = page.open(token.value)
    for place, number in enumerate(NUMBERS):
        there = Page(app, address=f"{ADDRESS.rpartition('.')[0]}.{place}")
        fields = {"sessionId": session, "token": token.value, "type": kind, "messageId": "ast_1"}
        assert there.post("feedback", body(number, "rating", **fields)).status_code in {200, 400}, number
    assert_small(stored)


@pytest.mark.parametrize("field", ["inputs", "metadata", "context", "messages", "assistantMessageId", "sessionId"])
def test_pages_store_no_number_of_more_than_38_digits(app, page, token, stored, field):
    session = page.open(token.value)
    for place, number in enumerate(NUMBERS):
        there = Page(app, address=f"{ADDRESS.rpartition('.')[0]}.{place}")
        message = {"id": f"usr_{field}_{place}", "role": "user", "content": "Hello", "createdAt": "now"}
        fields = {"sessionId": session, "messages": [message], "assistantMessageId": f"ast_{place}"}
        fields.pop(field, None)
        value = f'{{"a": {number}}}' if field in {"inputs", "metadata", "context"} else number
        assert there.post("chat", body(value, field, **fields)).status_code in {200, 400, 401}, number
        assert there.post("init", body(number, "sessionId", token=token.value)).status_code in {200, 400}, number
    assert_small(stored)


def assert_small(stored):
    assert stored
    assert [number for number in stored if len(number.lstrip("-").replace(".", "")) > 38] == []
