"""Requests from events: the largest bodies, and what the error for a larger one says."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import InvalidRequest, PayloadTooLarge, Unauthenticated, Unavailable
from shared.gateway import request
from shared.gateway.request import PAGE_BODY_MAX, TRANSCRIPT_BODY_MAX, BrowserRequest

EVENT = {
    "multiValueHeaders": {"Origin": ["https://app.example.com"]},
    "requestContext": {"extendedRequestId": "r", "requestTimeEpoch": 0, "identity": {"sourceIp": "203.0.113.7"}},
}


@pytest.fixture(autouse=True)
def _direct(monkeypatch):
    monkeypatch.setenv("CLIENT_ADDRESS_HEADER", "")
    monkeypatch.setenv("PROXY_SECRET_DIGESTS", "")


@pytest.mark.parametrize(("limit", "size"), [(PAGE_BODY_MAX, "64 KB"), (TRANSCRIPT_BODY_MAX, "6 MB")])
def test_oversized_body_of_a_page_suggests_a_new_conversation(limit, size):
    assert BrowserRequest.from_event(EVENT | {"body": "x" * limit}, limit, {}).body == "x" * limit
    with pytest.raises(PayloadTooLarge) as refused:
        BrowserRequest.from_event(EVENT | {"body": "x" * (limit + 1)}, limit, {})
    assert refused.value.message == f"The body is larger than {size}. In a chat, please start a new conversation."


def test_body_that_is_not_base64_as_its_event_says_is_a_400():
    event = EVENT | {"body": "not base64!", "isBase64Encoded": True}
    with pytest.raises(InvalidRequest) as refused:
        BrowserRequest.from_event(event, PAGE_BODY_MAX, {})
    assert refused.value.message == "The body is not base64, although the event's isBase64Encoded is true."


def test_deadline_of_a_request_that_waited_is_that_of_its_function():
    """A message that is answered is held until then: if that were over before, its target could be asked twice."""
    begun = datetime.now(UTC)
    waited = BrowserRequest.from_event(EVENT, PAGE_BODY_MAX, {})
    assert waited.at < begun - timedelta(days=1)
    assert begun <= waited.deadline(29) - timedelta(seconds=29) <= datetime.now(UTC)


@pytest.mark.parametrize("missing", ["principalId", "tenant"])
@pytest.mark.parametrize("left", [None, ""])
def test_event_that_names_no_principal_or_no_tenant_is_admitted_nowhere(missing, left):
    named = {"principalId": "user_1", "tenant": "acme", "scopes": "tokens:read", "expiresAt": "never"}
    context = EVENT["requestContext"]
    assert request.principal({"requestContext": context | {"authorizer": named}}).tenant == "acme"
    with pytest.raises(Unauthenticated):
        request.principal({"requestContext": context | {"authorizer": named | {missing: left}}})


@pytest.mark.parametrize("left", [None, ""])
def test_503_while_an_older_authorizers_answer_is_cached(left):
    named = {"principalId": "user_1", "tenant": "acme", "scopes": "tokens:read", "expiresAt": left}
    with pytest.raises(Unavailable) as refused:
        request.principal({"requestContext": EVENT["requestContext"] | {"authorizer": named}})
    assert refused.value.message.startswith("An older version of this service checked the credential.")
    assert refused.value.retry_after == 60
