"""The benchmark's AWS: recorded responses are replayed, and targets stream."""

import contextlib
import http.client
import json

import boto3
import pytest

from infra.tools.bench.aws import Aws, Exchange, Recorder, Replayer
from shared.aws import event_stream

ITEM = {"pk": {"S": "p"}, "sk": {"S": "s"}}


@pytest.fixture
def client():
    """A DynamoDB client that gets recorded responses."""
    asked = b'{"TableName": "t"}'
    answers = [b'{"Item": {"n": {"N": "1"}}}', b'{"Item": {"n": {"N": "2"}}}']
    with Aws(Replayer([Exchange("dynamodb", "GetItem", asked, 200, answer) for answer in answers]).ask) as aws:
        yield boto3.Session().client("dynamodb", endpoint_url=aws.endpoint, region_name="us-east-1")


@pytest.fixture
def _real_http(monkeypatch):
    """moto, which intercepts every client in tests, passes these calls on."""
    from moto.core.config import default_user_config

    monkeypatch.setitem(default_user_config["core"], "passthrough", {"urls": [r"http://127\.0\.0\.1:\d+/?"]})


@pytest.mark.usefixtures("_real_http")
def test_recorded_responses_are_replayed_in_a_loop(client):
    found = [client.get_item(TableName="t", Key=ITEM)["Item"]["n"]["N"] for _ in range(3)]
    assert found == ["1", "2", "1"]


@pytest.mark.parametrize(("calls", "is_enough"), [(3, False), (4, True), (5, True)])
def test_run_with_fewer_calls_than_were_recorded_is_an_error(calls, is_enough):
    """A baseline once failed outside the minute of its recording, and looked twice as fast as it is."""
    replayer = Replayer([Exchange("dynamodb", name, b"{}", 200, b"{}") for name in ("GetItem", "PutItem")])
    for _ in range(calls):
        replayer.ask("dynamodb", "GetItem", b"{}", {})
    with contextlib.nullcontext() if is_enough else pytest.raises(RuntimeError, match=r"^3 calls of AWS instead of 4"):
        replayer.require_all(2)


def test_function_that_is_a_target_streams_as_lambda_does():
    path = "/2021-11-15/functions/arn%3Aaws%3Alambda/response-streaming-invocations"
    recorder = Recorder("http://127.0.0.1:1", lambda _key: None)
    with Aws(recorder.ask) as aws:
        connection = http.client.HTTPConnection(aws.address)
        connection.request("POST", path, b"{}")
        payload, complete = event_stream.messages([connection.getresponse().read()])
        connection.close()
    assert json.loads(payload.payload)["text"]
    assert (payload.headers[":event-type"], complete.headers[":event-type"]) == ("PayloadChunk", "InvokeComplete")
