"""The test network rejects what AWS would reject, so that every call of the suite is verified."""

import base64
import contextlib
import json
from datetime import UTC, datetime, timedelta

import pytest

from infra.local import access
from shared.aws import client as aws
from shared.aws.client import AwsErrorResponse, Client
from shared.aws.json_client import JsonClient
from shared.aws.signature import Credentials, Scope, signed
from tests.aws import expressions
from tests.aws.network import Answer, Network

US = Credentials(
    *(access.CREDENTIALS[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"))
)
HOST = "kms.us-east-1.amazonaws.com"
KMS = Scope("us-east-1", "kms")
HEADERS = {"Host": HOST, "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "TrentService.DescribeKey"}
BODY = b'{"KeyId": "1234"}'
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"


@pytest.fixture
def network():
    """Answers every request that it does not reject with an empty response."""
    return Network(lambda *_: Answer(200, {}))


def _signed(headers=HEADERS, *, credentials=US, scope=KMS, at=None, without=()):
    sent = signed(headers, "/", BODY, credentials=credentials, scope=scope, at=at or datetime.now(UTC))
    return {name: value for name, value in sent.items() if name not in without}


def _now(**offset):
    return datetime.now(UTC) + timedelta(**offset)


def _with_fewer_signed_headers(name):
    sent = _signed({key: value for key, value in HEADERS.items() if key != name})
    return sent | {name: HEADERS[name]}


def test_signed_call_passes(network):
    unsigned = {"User-Agent": "client-tokens", "X-Amzn-Trace-Id": TRACE}
    assert network.exchange("/", _signed() | unsigned, BODY).status == 200
    assert network.rejected == []


@pytest.mark.parametrize(
    ("headers", "path", "body", "code"),
    [
        pytest.param(_signed(without={"Authorization"}), "/", BODY, "IncompleteSignature", id="unsigned"),
        pytest.param(_signed(scope=Scope("us-east-1", "dynamodb")), "/", BODY, "InvalidSignature", id="other service"),
        pytest.param(_signed(scope=Scope("eu-west-1", "kms")), "/", BODY, "InvalidSignature", id="other region"),
        pytest.param(
            _signed(credentials=US._replace(secret_access_key="x")), "/", BODY, "InvalidSignature", id="other secret"
        ),
        pytest.param(
            _signed(credentials=US._replace(access_key_id="x")), "/", BODY, "UnrecognizedClient", id="unknown caller"
        ),
        pytest.param(
            _signed(credentials=US._replace(session_token="")), "/", BODY, "UnrecognizedClient", id="no token"
        ),
        pytest.param(_signed(), "/", BODY + b" ", "InvalidSignature", id="other body"),
        pytest.param(_signed(), "/x", BODY, "InvalidSignature", id="other path"),
        pytest.param(_signed(at=_now(hours=-1)), "/", BODY, "InvalidSignature", id="clock is behind"),
        pytest.param(_signed(at=_now(hours=1)), "/", BODY, "InvalidSignature", id="clock is ahead"),
        pytest.param(_with_fewer_signed_headers("Host"), "/", BODY, "InvalidSignature", id="unsigned host"),
        pytest.param(_with_fewer_signed_headers("Content-Type"), "/", BODY, "InvalidSignature", id="unsigned type"),
        pytest.param(_with_fewer_signed_headers("X-Amz-Target"), "/", BODY, "InvalidSignature", id="unsigned target"),
        pytest.param(_signed(HEADERS | {"User-Agent": "x"}), "/", BODY, "InvalidSignature", id="signed agent"),
        pytest.param(_signed(HEADERS | {"X-Amzn-Trace-Id": TRACE}), "/", BODY, "InvalidSignature", id="signed trace"),
        pytest.param(_signed(HEADERS | {"traceparent": "x"}), "/", BODY, "InvalidSignature", id="signed traceparent"),
        pytest.param(_signed() | {"X-Amz-Target": "TrentService.Sign"}, "/", BODY, "InvalidSignature", id="retargeted"),
    ],
)
def test_wrong_signature_is_refused(network, headers, path, body, code):
    answer = network.exchange(path, headers, body)
    assert (answer.status, answer.body["__type"].rpartition("#")[2]) == (400, f"{code}Exception")
    assert len(network.rejected) == 1


@pytest.mark.parametrize(
    ("service", "signing_name", "path", "is_accepted"),
    [
        ("bedrock-runtime", "bedrock", "/model/m/converse-stream", True),
        ("bedrock-runtime", "bedrock-runtime", "/model/m/converse-stream", False),
        ("lambda", "lambda", "/2021-11-15/functions/f/response-streaming-invocations", True),
        ("lambda", "lambda-runtime", "/2021-11-15/functions/f/response-streaming-invocations", False),
    ],
)
def test_signature_uses_the_service_signing_name(network, monkeypatch, service, signing_name, path, is_accepted):
    monkeypatch.setattr(aws, "HTTPSConnection", network.connection)
    with contextlib.nullcontext() if is_accepted else pytest.raises(AwsErrorResponse, match="scoped to"):
        Client(service, signing_name=signing_name).post("Ask", path, b"{}", {"Content-Type": "application/json"})
    assert bool(network.rejected) is not is_accepted


MAC = {"KeyId": "1234", "MacAlgorithm": "HMAC_SHA_256"}


def _base64(length):
    return base64.b64encode(bytes(length)).decode()


@pytest.mark.parametrize(
    ("operation", "parameters", "reason"),
    [
        pytest.param("GenerateMac", MAC | {"Message": _base64(4096)}, None, id="longest message"),
        pytest.param("GenerateMac", MAC, 'Missing required parameter in input: "Message"', id="no message"),
        pytest.param("GenerateMac", MAC | {"Message": ""}, "0 is not between 1 and 4096", id="empty message"),
        pytest.param("GenerateMac", MAC | {"Message": _base64(4097)}, "4097 is not between", id="message too long"),
        pytest.param("GenerateMac", MAC | {"Message": "a.b"}, "not base64", id="message is no base64"),
        pytest.param("GenerateMac", MAC | {"Message": "YQ==", "MacAlgorithm": "HS256"}, "is none of", id="enumeration"),
        pytest.param("GenerateMac", MAC | {"Message": "YQ==", "Text": "a"}, "Unknown parameter", id="unknown"),
        pytest.param("GenerateMac", MAC | {"Message": "YQ==", "KeyId": 1}, "Invalid type", id="type"),
        pytest.param("GenerateMAC", MAC | {"Message": "YQ=="}, "has no TrentService.GenerateMAC", id="operation"),
    ],
)
def test_request_is_validated_against_the_service_model(network, monkeypatch, operation, parameters, reason):
    monkeypatch.setattr(aws, "HTTPSConnection", network.connection)
    kms = JsonClient("kms", "TrentService", "1.1")
    with pytest.raises(AwsErrorResponse, match=reason) if reason else contextlib.nullcontext():
        kms.call(operation, parameters)
    assert len(network.rejected) == bool(reason)


def test_rest_request_is_validated_against_the_service_model(network, monkeypatch):
    monkeypatch.setattr(aws, "HTTPSConnection", network.connection)
    bedrock = Client("bedrock-runtime", signing_name="bedrock")
    said = {"messages": [{"role": "visitor", "content": [{"text": "Hello"}]}]}
    with pytest.raises(AwsErrorResponse, match="visitor is none of"):
        bedrock.post("Converse", "/model/m/converse", json.dumps(said).encode(), {"Content-Type": "application/json"})
    with pytest.raises(AwsErrorResponse, match="has no POST /model/m/talk"):
        bedrock.post("Talk", "/model/m/talk", b"{}", {})


def test_json_version_matches_the_service(network, monkeypatch):
    monkeypatch.setattr(aws, "HTTPSConnection", network.connection)
    with pytest.raises(AwsErrorResponse, match=r"Content-Type is not application/x-amz-json-1\.1"):
        JsonClient("kms", "TrentService", "1.0").call("DescribeKey", {"KeyId": "1234"})


GET = {"ExpressionAttributeNames": {"#a": "a"}, "ProjectionExpression": "#a"}
UPDATE = {
    "UpdateExpression": "SET #a = :a",
    "ConditionExpression": "b = :b",
    "ExpressionAttributeNames": {"#a": "a"},
    "ExpressionAttributeValues": {":a": {"S": "1"}, ":b": {"S": "2"}},
}


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(lambda part: part, id="single"),
        pytest.param(lambda part: {"TransactItems": [{"Put": {}}, {"Update": part}]}, id="transaction"),
        pytest.param(lambda part: {"RequestItems": {"table": part}}, id="batch"),
    ],
)
@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({}, None),
        (GET, None),
        (UPDATE, None),
        (UPDATE | {"ConditionExpression": "b = c"}, "ExpressionAttributeValues unused in expressions: keys: :b"),
        (UPDATE | {"UpdateExpression": "SET a = :a"}, "ExpressionAttributeNames unused in expressions: keys: #a"),
        (UPDATE | {"UpdateExpression": "SET #a = :aa"}, "unused in expressions: keys: :a"),
        (UPDATE | {"ConditionExpression": "b = :b AND c = :c"}, "ExpressionAttributeValues does not define: :c"),
        (GET | {"ExpressionAttributeNames": {}}, "ExpressionAttributeNames must not be empty"),
        ({"ExpressionAttributeValues": {":a": {"S": "1"}}}, "unused in expressions: keys: :a"),
        ({"KeyConditionExpression": "pk = :a"}, "ExpressionAttributeValues does not define: :a"),
    ],
)
def test_unused_and_undefined_expression_values_are_refused(part, reason, wrap):
    rejected = expressions.check(wrap(part))
    assert (rejected is None) if reason is None else (reason in rejected.message)


@pytest.mark.parametrize(("last", "is_refused"), [("b", False), ("a~", False), ("a", False), ("9", True), ("", True)])
def test_range_that_ends_before_it_begins_is_refused(last, is_refused):
    values = {":pk": {"S": "p"}, ":first": {"S": "a"}, ":last": {"S": last}}
    condition = "pk = :pk AND sk BETWEEN :first AND :last"
    rejected = expressions.check({"KeyConditionExpression": condition, "ExpressionAttributeValues": values})
    assert (rejected is not None) is is_refused
