"""Our AWS client over real sockets: requests, persistent connections, retries, and timeouts."""

import json
import re
import socket
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest

from infra.local import access
from shared.aws.client import AwsErrorResponse, Client, RetryPolicy, TimedOut, Unreachable
from shared.aws.json_client import JsonClient
from tests.aws import signatures

THROTTLED = (400, {"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "Slow down"})
IN_PROGRESS = (400, {"__type": "com.amazonaws.dynamodb.v20120810#TransactionInProgressException"})
CONFLICT = (400, {"__type": "com.amazonaws.dynamodb.v20120810#TransactionConflictException"})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        server = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        service = re.search(r"/([a-z]+)/aws4_request", self.headers["Authorization"])[1]
        url = f"http://{self.headers['Host']}{self.path}"
        rejected = signatures.check(service, access.REGION, url, dict(self.headers), body)
        with server.lock:
            server.asked.append((self.path, dict(self.headers), body, self.client_address))
            server.rejected += [rejected] if rejected else []
            status, answer = server.answers.pop(0) if server.answers else (200, {})
        if status is None:
            # A connection that breaks instead of a response.
            self.close_connection = True
            return
        if status == "silent":
            server.test_is_over.wait()
            self.close_connection = True
            return
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data) + server.cut_off))
        for name, value in server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = server.hangs_up or bool(server.cut_off)
        server.cut_off = 0

    def log_message(self, *_):
        """Silent: tests make their own assertions."""


def close(client):
    for connection in client._idle:
        connection.close()


@pytest.fixture
def aws(monkeypatch):
    """`aws.answers`: one `(status, body)` after the other, then `(200, {})`, each with `aws.headers`.

    `aws.asked`: the requests. `aws.cut_off`: how many bytes are missing from the next response.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.lock, server.asked, server.answers, server.headers = threading.Lock(), [], [], {}
    server.rejected = []
    server.hangs_up, server.cut_off = False, 0
    server.test_is_over = threading.Event()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    yield server
    server.test_is_over.set()
    server.shutdown()
    server.server_close()
    assert server.rejected == []


@pytest.fixture
def dynamodb(aws):
    client = JsonClient("dynamodb", "DynamoDB_20120810", "1.0")
    yield client
    close(client)


def test_request_is_json_and_signed(aws, dynamodb):
    aws.answers = [(200, {"Item": {"pk": {"S": "é"}}})]
    assert dynamodb.call("GetItem", {"TableName": "t"}) == {"Item": {"pk": {"S": "é"}}}
    ((path, headers, body, _),) = aws.asked
    assert (path, json.loads(body)) == ("/", {"TableName": "t"})
    assert headers["X-Amz-Target"] == "DynamoDB_20120810.GetItem"
    assert headers["Content-Type"] == "application/x-amz-json-1.0"
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=")
    assert headers["X-Amz-Security-Token"] == "local"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"),
        ("Root=1\r\nX-Amz-Target: Evil", "Root=1%0D%0AX-Amz-Target:%20Evil"),
        ("Root=é", "Root=%C3%A9"),
    ],
)
def test_trace_id_is_forwarded_quoted_and_unsigned(aws, dynamodb, monkeypatch, given, sent):
    monkeypatch.setenv("_X_AMZN_TRACE_ID", given)
    dynamodb.call("GetItem", {})
    headers = aws.asked[0][1]
    assert headers["X-Amzn-Trace-Id"] == sent
    signed = re.search("SignedHeaders=([^,]*)", headers["Authorization"])[1]
    assert signed == "content-type;host;x-amz-date;x-amz-security-token;x-amz-target"


def test_connection_is_reused(aws, dynamodb):
    for _ in range(3):
        dynamodb.call("GetItem", {})
    assert len({address for *_, address in aws.asked}) == 1


def test_dropped_idle_connection_is_replaced_without_a_retry(aws, dynamodb):
    """As when a function was frozen for a long time."""
    aws.hangs_up = True
    for _ in range(3):
        dynamodb.call("GetItem", {})
        # Wait until the server's end of the connection is closed.
        while dynamodb._idle and dynamodb._idle[0].sock.recv(1, socket.MSG_PEEK):
            pass
    assert len(aws.asked) == 3
    assert len({address for *_, address in aws.asked}) == 3


def test_connection_close_header_is_honored(aws, dynamodb):
    aws.headers = {"Connection": "close"}
    aws.answers = [(200, {"n": n}) for n in range(3)]
    assert [dynamodb.call("GetItem", {})["n"] for _ in range(3)] == [0, 1, 2]
    assert len({address for *_, address in aws.asked}) == 3


def test_concurrent_threads_each_get_their_own_response(aws, dynamodb):
    aws.answers = [(200, {"n": n}) for n in range(64)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: dynamodb.call("GetItem", {}), range(64)))
    assert sorted(answer["n"] for answer in answers) == list(range(64))
    assert len({address for *_, address in aws.asked}) <= 8


@pytest.mark.parametrize(
    "passing",
    [
        pytest.param(THROTTLED, id="throttled"),
        pytest.param(IN_PROGRESS, id="still at what was sent before"),
        pytest.param(CONFLICT, id="item is in a transaction"),
        pytest.param((500, {"__type": "InternalServerError"}), id="500"),
        pytest.param((503, b"<html>Service Unavailable</html>"), id="503 in HTML"),
        pytest.param((None, None), id="broken connection"),
        pytest.param((200, b'{"done"'), id="half of a JSON text"),
        pytest.param((200, b""), id="nothing"),
        pytest.param((200, b"[]"), id="no object"),
    ],
)
def test_transient_error_is_retried_with_a_new_signature(aws, dynamodb, passing):
    aws.answers = [passing, passing, (200, {"done": 1})]
    assert dynamodb.call("PutItem", {"a": 1}) == {"done": 1}
    assert [body for _, _, body, _ in aws.asked] == [b'{"a": 1}'] * 3


def test_request_waits_no_longer_than_its_caller(aws, dynamodb):
    aws.answers = [("silent", None)] * 3
    ends = time.monotonic() + 0.3
    with pytest.raises(TimedOut):
        dynamodb.call("GetItem", {}, lambda: ends - time.monotonic())
    assert 0 < time.monotonic() - ends < 1, "a whole attempt would take longer"
    assert len(aws.asked) == 1


def test_no_request_is_sent_after_its_caller_gave_up(aws, dynamodb):
    for _ in range(2):
        with pytest.raises(TimedOut):
            dynamodb.call("GetItem", {}, lambda: 0.0)
        assert aws.asked == []
    dynamodb.call("GetItem", {})
    with pytest.raises(TimedOut):
        dynamodb.call("GetItem", {}, lambda: 0.0)
    assert len(aws.asked) == 1


def test_nothing_is_retried_without_time_for_it(aws, dynamodb):
    aws.answers = [THROTTLED] * 3
    left = iter([9, 9, *[0] * 9])
    with pytest.raises(AwsErrorResponse):
        dynamodb.call("GetItem", {}, lambda: next(left))
    assert len(aws.asked) == 1


@pytest.mark.parametrize("missing", [1, 1000])
def test_truncated_response_is_retried(aws, dynamodb, missing):
    """Fewer bytes arrive than Content-Length says, even if they are valid JSON."""
    aws.cut_off = missing
    aws.answers = [(200, {}), (200, {"done": 1})]
    assert dynamodb.call("GetItem", {}) == {"done": 1}
    assert len(aws.asked) == 2


def test_response_with_a_wrong_checksum_is_retried(aws, dynamodb):
    aws.answers = [(200, b'{"done": 1}')] * 3
    aws.headers = {"x-amz-crc32": str(zlib.crc32(b'{"done": 2}'))}
    with pytest.raises(Unreachable, match="checksum"):
        dynamodb.call("GetItem", {})
    assert len(aws.asked) == 3
    aws.headers = {"x-amz-crc32": str(zlib.crc32(b'{"done": 1}'))}
    aws.answers = [(200, b'{"done": 1}')]
    assert dynamodb.call("GetItem", {}) == {"done": 1}


def test_throttled_call_fails_after_three_attempts(aws, dynamodb):
    aws.answers = [THROTTLED] * 4
    with pytest.raises(AwsErrorResponse, match="Slow down") as refused:
        dynamodb.call("PutItem", {})
    assert (refused.value.operation, refused.value.code) == ("PutItem", "ThrottlingException")
    assert len(aws.asked) == 3


@pytest.mark.parametrize(
    ("status", "answer", "code"),
    [
        (400, {"__type": "com.amazonaws.kms#InvalidArnException"}, "InvalidArnException"),
        (400, {"__type": "com.amazonaws.dynamodb.v20120810#ValidationException"}, "ValidationException"),
        (400, {"__type": "x#ConditionalCheckFailedException"}, "ConditionalCheckFailedException"),
        (400, {"__type": "x#TransactionCanceledException"}, "TransactionCanceledException"),
        (400, {"__type": "x#IdempotentParameterMismatchException"}, "IdempotentParameterMismatchException"),
        (400, {"__type": "DisabledException"}, "DisabledException"),
        (400, {"__type": "x.y#NotFoundException:http://internal.amazon.com/coral/#y"}, "NotFoundException"),
        (403, {"message": "no"}, "403"),
        (400, b"[" * 60_000, "400"),
        (400, b"[]", "400"),
        (301, b"", "301"),
    ],
)
def test_permanent_error_is_not_retried(aws, dynamodb, status, answer, code):
    aws.answers = [(status, answer)]
    with pytest.raises(AwsErrorResponse) as refused:
        dynamodb.call("PutItem", {})
    assert (refused.value.status, refused.value.code) == (status, code)
    assert len(aws.asked) == 1


def test_response_that_is_not_json_is_unreachable(aws, dynamodb):
    aws.answers = [(200, b"<html>")] * 3
    with pytest.raises(Unreachable, match="did not answer in JSON"):
        dynamodb.call("GetItem", {})


def test_call_times_out_and_late_response_is_discarded(aws):
    client = Client("lambda", RetryPolicy(attempts=1, seconds=1.0))
    aws.answers = [("silent", None), (200, {"n": 2})]
    with pytest.raises(TimedOut, match="in time"):
        client.post("Invoke", "/", b"{}", {})
    assert json.loads(client.post("Invoke", "/", b"{}", {}).body) == {"n": 2}
    close(client)
    assert len({address for *_, address in aws.asked}) == 2


def test_unreachable_when_nothing_listens(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    with pytest.raises(Unreachable, match="no answer from"):
        JsonClient("kms", "TrentService", "1.1").call("GenerateMac", {})


def test_nothing_is_sent_without_credentials(aws, dynamodb, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(Unreachable, match="AWS_ACCESS_KEY_ID is not set"):
        dynamodb.call("GetItem", {})
    assert aws.asked == []


def _regions():
    """One of each partition."""
    session = boto3.Session()
    regions = [session.get_available_regions("dynamodb", one) for one in session.get_available_partitions()]
    return [found[0] for found in regions if found]


@pytest.mark.parametrize("region", _regions())
def test_endpoint_matches_botocore_in_every_partition(monkeypatch, region):
    monkeypatch.setenv("AWS_REGION", region)
    known = boto3.client("dynamodb", region_name=region, aws_access_key_id="local", aws_secret_access_key="local")
    assert f"https://{JsonClient('dynamodb', 'DynamoDB_20120810', '1.0').host}" == known.meta.endpoint_url


@pytest.mark.parametrize("name", ["message", "Message"])
def test_message_of_an_error_is_read_in_either_spelling(name):
    assert (
        str(AwsErrorResponse("PutItem", 400, "ValidationException", {name: "Item is too large"})) == "Item is too large"
    )
