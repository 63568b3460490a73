"""Events and responses of Lambda's proxy integration with a REST API."""

import re

import pytest

from infra.local.call import RAW_HEADERS

TRACE = "Root=1-3152b799-8954dae64eda91bc9a23a7e8"


def event_of(gateway, path="/open/1", **request):
    gateway.http.post(path, **request)
    return gateway.asked("Open")[0]


def test_paths_in_the_event_are_raw(gateway):
    event = event_of(gateway, "/open/a%2Fb%20c%2Bd+e@f")
    assert (event["resource"], event["path"]) == ("/open/{id}", "/open/a%2Fb%20c%2Bd+e@f")
    assert (event["httpMethod"], event["pathParameters"]) == ("POST", {"id": "a%2Fb%20c%2Bd+e@f"})
    assert event["requestContext"]["path"] == event["path"]
    assert (event["stageVariables"], event["isBase64Encoded"]) == (None, False)


def test_absent_fields_are_null(gateway):
    event = event_of(gateway)
    assert event["queryStringParameters"] is None
    assert event["multiValueQueryStringParameters"] is None
    assert event["body"] is None
    assert gateway.list().status_code == 200
    assert gateway.asked("List")[0]["pathParameters"] is None


def test_repeated_query_values_are_listed_and_the_last_one_wins(gateway):
    event = event_of(gateway, "/open/1?a=1&a=%C3%A9&empty")
    assert event["queryStringParameters"] == {"a": "é", "empty": ""}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "é"], "empty": [""]}


def test_query_values_are_decoded(gateway):
    event = event_of(gateway, "/open/1?email=a%2Bb@c.d&plus=a+b&space=a%20b")
    assert event["queryStringParameters"] == {"email": "a+b@c.d", "plus": "a b", "space": "a b"}


def test_repeated_headers_are_listed_and_the_last_one_wins(gateway):
    sent = [("Host", "localhost"), ("X-Custom", "1"), ("x-custom", "2, 3"), ("X-CUSTOM", "4")]
    event = event_of(gateway, environ_overrides={RAW_HEADERS: sent})
    assert event["multiValueHeaders"]["x-custom"] == ["1", "2, 3", "4"]
    assert event["headers"]["x-custom"] == "4"


def test_transfer_encoding_is_dropped(gateway):
    event = event_of(gateway, headers={"Transfer-Encoding": "chunked", "TE": "trailers"})
    assert {"transfer-encoding", "te"}.isdisjoint(
        name.lower() for name in event["headers"] | event["multiValueHeaders"]
    )


@pytest.mark.parametrize("sent", [TRACE, f"{TRACE};Parent=7fa8c0f79203be72;Sampled=1"])
def test_trace_of_the_caller_continues_in_event_and_response(gateway, sent):
    response = gateway.http.post("/open/1", headers={"x-amzn-trace-id": sent})
    (event,) = gateway.asked("Open")
    assert [name for name in event["headers"] if name.lower() == "x-amzn-trace-id"] == ["X-Amzn-Trace-Id"]
    assert event["headers"]["X-Amzn-Trace-Id"] == sent
    assert re.fullmatch(f"{sent}(;Parent=[0-9a-f]{{16}})?", response.headers["X-Amzn-Trace-Id"])
    assert "Parent" in response.headers["X-Amzn-Trace-Id"]


@pytest.mark.parametrize("sent", [{}, {"X-Amzn-Trace-Id": "Root=nonsense"}])
def test_new_trace_starts_if_the_caller_sends_none(gateway, sent):
    response = gateway.http.post("/open/1", headers=sent)
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16}", response.headers["X-Amzn-Trace-Id"])


def test_header_names_arrive_in_the_case_of_api_gateway(gateway):
    headers = {"Authorization": "Bearer x", "Content-Type": "text/plain", "X-Custom": "1", "Connection": "close"}
    sent = event_of(gateway, data="é".encode(), headers=headers)
    assert sent["headers"]["Authorization"] == "Bearer x"
    assert sent["headers"]["content-type"] == "text/plain"
    assert sent["headers"]["x-custom"] == "1"
    assert sent["multiValueHeaders"]["x-custom"] == ["1"]
    assert {"connection", "content-length"}.isdisjoint(name.lower() for name in sent["headers"])
    assert sent["body"] == "é"


def test_client_can_only_prepend_to_x_forwarded_for(gateway):
    event = event_of(gateway, headers={"X-Forwarded-For": "6.6.6.6"}, environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert event["headers"]["X-Forwarded-For"] == "6.6.6.6, 192.0.2.1"
    assert event["requestContext"]["identity"]["sourceIp"] == "192.0.2.1"


def test_protocol_and_port_are_never_what_the_client_claims(gateway):
    claims = {"X-Forwarded-Proto": "https", "X-Forwarded-Port": "443", "Host": "localhost:3000"}
    event = event_of(gateway, headers=claims)
    for field, shaped in (("headers", str), ("multiValueHeaders", lambda value: [value])):
        forwarded = {name: value for name, value in event[field].items() if name.lower().startswith("x-forwarded-p")}
        assert forwarded == {"X-Forwarded-Proto": shaped("http"), "X-Forwarded-Port": shaped("3000")}


def test_context_has_the_time_and_id_of_the_request(gateway):
    context = event_of(gateway)["requestContext"]
    assert (context["requestTimeEpoch"], context["requestTime"]) == (1_800_000_000_000, "15/Jan/2027:08:00:00 +0000")
    assert (context["stage"], context["resourcePath"]) == ("api", "/open/{id}")
    assert "authorizer" not in context
    assert (
        gateway.http.post("/open/2").headers["x-amzn-RequestId"]
        == gateway.asked("Open")[1]["requestContext"]["requestId"]
    )


def answer(gateway, **answer):
    gateway.answers["Open"] = answer
    return gateway.http.post("/open/1")


def test_response_may_be_empty(gateway):
    response = answer(gateway)
    assert (response.status_code, response.data, response.content_type) == (200, b"", "application/json")


def test_multi_value_headers_are_sent(gateway):
    headers = {"X-A": "single", "X-B": True}
    response = answer(gateway, statusCode="202", headers=headers, multiValueHeaders={"X-C": ["1", "2"]})
    assert response.status_code == 202
    assert response.headers.getlist("X-C") == ["1", "2"]
    assert (response.headers["X-A"], response.headers["X-B"]) == ("single", "true")


def test_header_values_of_both_fields_are_merged(gateway):
    response = answer(gateway, headers={"x-a": "single"}, multiValueHeaders={"X-A": ["1", "2"]})
    assert response.headers.getlist("X-A") == ["1", "2", "single"]
    assert [name for name, _ in response.headers if name.lower() == "x-a"] == ["X-A"] * 3


def test_headers_may_be_null(gateway):
    assert answer(gateway, headers=None, multiValueHeaders=None).status_code == 200


def test_some_headers_are_renamed_and_some_dropped(gateway):
    response = answer(gateway, headers={"WWW-Authenticate": "Bearer", "Transfer-Encoding": "chunked", "Via": "x"})
    assert response.headers["x-amzn-Remapped-WWW-Authenticate"] == "Bearer"
    assert {"WWW-Authenticate", "Transfer-Encoding", "Via"}.isdisjoint(response.headers.keys())


def test_base64_body_is_sent_undecoded_without_binary_types(gateway):
    assert answer(gateway, body="aGk=", isBase64Encoded=True).data == b"aGk="


@pytest.mark.parametrize(
    "malformed",
    [
        {"status": 200},
        {"statusCode": "ok"},
        {"statusCode": None},
        {"body": {"an": "object"}},
        {"headers": {"X-A": 1}},
        {"headers": {"X-A": None}},
        {"headers": ["X-A"]},
        {"multiValueHeaders": {"X-A": "1"}},
    ],
)
def test_502_for_undocumented_fields_or_types(gateway, malformed):
    assert answer(gateway, **malformed).status_code == 502
