"""A client that is lost as its answer streams: the answer is stored, and sending the message again gets it."""

import http.client
import json
import socket
import struct
from urllib.parse import urlsplit

import pytest

from infra.local.management import Management
from tests.streaming_assistant import AGENT, MANY, POINTS, WHOLE, WORDS
from tests.streaming_assistant import assistant as assistant  # noqa: PLC0414 - a fixture
from tests.streaming_assistant import endpoint as endpoint  # noqa: PLC0414 - a fixture

ORIGIN = "https://app.example.com"
IN_PROGRESS = 409


@pytest.fixture
def management(stack):
    return Management(stack.url, stack.api_key)


@pytest.fixture
def token(management):
    limits = {"rateLimitPerMinute": 1000, "rateLimitPerHour": 10_000}
    body = {"name": "Lost", "allowedOrigins": [ORIGIN], "agentIds": [AGENT]} | limits
    return management.ask("POST", "/v1/client-tokens", body)


@pytest.fixture
def post(stack):
    """`post("chat", {...})`: the connection, and the response, whose body has not been read."""
    opened = []

    def post(path, body):
        opened.append(http.client.HTTPConnection(urlsplit(stack.url).netloc))
        headers = {"Origin": ORIGIN, "Content-Type": "application/json"}
        opened[-1].request("POST", f"/v1/client/{path}", json.dumps(body), headers)
        return opened[-1]

    yield post
    for connection in opened:
        connection.close()


@pytest.fixture
def send(post, token):
    """Sends the same message, each time it is called."""
    session = json.loads(post("init", {"token": token["token"]}).getresponse().read())["sessionId"]
    message = {"id": "usr_1", "role": "user", "content": "What do you sell?"}
    return lambda: post("chat", {"sessionId": session, "messages": [message]})


def texts(response):
    """The pieces of an answer as they come."""
    for line in response:
        if line.startswith(b"data: ") and "delta" in (data := json.loads(line.removeprefix(b"data: "))):
            yield data["delta"]


def read(response, words):
    pieces, said = texts(response), ""
    while said != "".join(words):
        said += next(pieces)


@pytest.mark.parametrize("is_reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("words", POINTS)
def test_message_of_a_lost_client_is_answered_once(send, endpoint, management, token, words, is_reset):
    connection = send()
    if is_reset:
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    for _ in range(words):
        endpoint.before_part.release()
    if words:
        response = connection.getresponse()
        read(response, WORDS[:words])
        response.close()
    connection.close()
    endpoint.before_part.release(MANY)
    while (again := send().getresponse()).status == IN_PROGRESS:
        assert json.loads(again.read())["code"] == "in_progress"
    assert "".join(texts(again)) == WHOLE
    assert len(endpoint.asked) == 1
    listed = management.ask("GET", f"/v1/client-tokens/{token['clientToken']['id']}/conversations")
    assert [one["messageCount"] for one in listed["conversations"]] == [2]
