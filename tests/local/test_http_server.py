"""The server in front of the API, on a real socket."""

import http.client
import socket

import pytest

from infra.local import http_server


@pytest.fixture
def served(gateway):
    """The address of a server in front of `gateway`; its terminal lines are `gateway.lines`."""
    gateway.lines = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = http_server.serve(listener, gateway.api, gateway.lines.append)
        yield listener.getsockname()
        server.shutdown()


def test_repeated_headers_reach_the_function_unchanged(gateway, served):
    connection = http.client.HTTPConnection(*served)
    connection.putrequest("POST", "/open/a%2Bb?session=cs_secret")
    for value in ("first", "second", "third, with a comma"):
        connection.putheader("X-Custom", value)
    connection.endheaders()
    assert connection.getresponse().status == 201
    connection.close()
    (event,) = gateway.asked("Open")
    assert event["multiValueHeaders"]["x-custom"] == ["first", "second", "third, with a comma"]
    assert event["headers"]["x-custom"] == "third, with a comma"
    assert event["pathParameters"] == {"id": "a%2Bb"}


def test_folded_header_is_one_line(gateway, served):
    with socket.create_connection(served) as caller:
        caller.sendall(b"POST /open/1 HTTP/1.1\r\nHost: x\r\nX-Custom: a\r\n b\r\nConnection: close\r\n\r\n")
        assert caller.makefile("rb").readline().split()[1] == b"201"
    (event,) = gateway.asked("Open")
    assert event["multiValueHeaders"]["x-custom"] == ["a b"]


def test_a_request_is_logged_without_its_query(gateway, served):
    connection = http.client.HTTPConnection(*served)
    connection.request("POST", "/open/1?session=cs_secret")
    connection.getresponse().read()
    connection.close()
    (line,) = gateway.lines
    assert line.startswith("POST /open/1 201 in ")
    assert "cs_secret" not in line


def test_control_characters_in_a_request_are_escaped(gateway, served):
    with socket.create_connection(served) as caller:
        caller.sendall(b"\x1b[2J /a\x9b2J\x07 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        caller.makefile("rb").read()
    (line,) = gateway.lines
    assert line.startswith(r"\x1b[2J /a\x9b2J\x07 403 in ")
