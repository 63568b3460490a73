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


@pytest.fixture
def exchange(served):
    """`exchange(b"GET / ...")` sends bytes as they are, and gives the response with its body in `text`."""

    def exchange(sent):
        with socket.create_connection(served) as caller:
            caller.sendall(sent)
            response = http.client.HTTPResponse(caller)
            response.begin()
            response.text = response.read().decode()
            return response

    return exchange


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


def test_short_headers_are_limited_by_their_size_not_their_number(gateway, exchange):
    headers = b"".join(b"X-%d: 1\r\n" % number for number in range(1000))
    assert exchange(b"POST /open/1 HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n").status == 201
    assert gateway.asked("Open")[0]["headers"]["x-999"] == "1"
    assert exchange(b"POST /open/1 HTTP/1.1\r\nHost: x\r\n" + headers * 2 + b"\r\n").status == 431


@pytest.mark.parametrize("size", [70_000, 1_000_000])
def test_431_for_an_overlong_header_of_any_length(gateway, exchange, size):
    headers = b"Host: x\r\nX-Page: " + b"x" * size
    response = exchange(b"POST /open/1?secret HTTP/1.1\r\n" + headers + b"\r\nContent-Length: 2\r\n\r\n{}")
    assert (response.status, gateway.events) == (431, [])
    assert response.text == "HTTP header is larger than 10240 bytes.\n"
    assert gateway.lines[0].startswith("POST /open/1 431 in ")


def test_431_has_no_body_where_the_method_allows_none(served):
    with socket.create_connection(served) as caller:
        caller.sendall(b"HEAD /open/1 HTTP/1.1\r\nHost: x\r\nX-Page: " + b"x" * 70_000 + b"\r\n\r\n")
        caller.shutdown(socket.SHUT_WR)
        head, body = caller.makefile("rb").read().split(b"\r\n\r\n")
    assert (head.split()[1], body) == (b"431", b"")


@pytest.mark.parametrize("size", [70_000, 1_000_000])
def test_414_for_an_overlong_url_of_any_length(gateway, exchange, size):
    response = exchange(b"POST /open/1?page=" + b"x" * size + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
    assert (response.status, gateway.events) == (414, [])
    assert response.text == "Request URI is longer than 10240 characters.\n"
    assert " 414 in " in gateway.lines[0]


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n\r\n",
        b"GET /secret\r\n\r\n",
        b"POST /open/1 secret HTTP/1.1\r\n\r\n",
        b"POST open/1?secret HTTP/1.1\r\n\r\n",
        b"POST /open/1?secret HTTP/secret\r\n\r\n",
        b"POST /open/1?secret HTTP/2.0\r\n\r\n",
        b"\x16\x03\x01secret\n\n",
        b"POST /open/1?secret HTTP/1.1\r\nsecret\r\nHost: x\r\n\r\n",
        b"POST /open/1?secret HTTP/1.1\r\nHost : x\r\n\r\n",
        b"POST /open/1?secret HTTP/1.1\r\nHost: x\r\n: secret\r\n\r\n",
        b"POST /open/1?secret HTTP/1.1\r\nHost: x\r\nX-A\r\n secret\r\n\r\n",
        b"POST /open/1?secret HTTP/1.1\r\nHost: x\r\nX-A: a\rX-B: b\r\n\r\n",
        b"POST /open/1?secret HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n{}",
        b"POST /open/1?secret HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n{}",
        b"POST /open/1?secret HTTP/1.1\r\nHost: x\r\nContent-Length: \xb2\r\n\r\n{}",
        b"POST /open/1?secret HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n{}",
        b"POST /open/1?secret HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"2" * 5000 + b"\r\n\r\n{}",
        b"POST /open/1?secret HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /open/1?secret HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n{}",
        b"POST /open/1?secret HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"POST /open/1?secret HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nsecret\r\n\r\n",
        b"POST /open/1?secret HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /open/1?secret HTTP/1.1\r\nHost: x\r\nHost: secret\r\n\r\n",
        b"POST /open/1?secret HTTP/1.1\r\nHost: x secret\r\n\r\n",
        b"POST /open/1?secret HTTP/1.1\r\nHost: x, secret\r\n\r\n",
        b"POST /open/1?secret HTTP/1.1\r\nHost: x:secret\r\n\r\n",
        b"POST /open/1?secret HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nsecret\r\n{}\r\n0\r\n\r\n",
        b"POST /open/1?secret HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
        b"POST /open/1?secret HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}secret\r\n0\r\n\r\n",
    ],
)
def test_400_for_what_is_not_http(gateway, exchange, capfd, sent):
    response = exchange(sent)
    assert (response.status, gateway.events) == (400, [])
    assert response.text.startswith("The request is malformed.")
    (line,) = gateway.lines
    assert " 400 in " in line
    assert "secret" not in line + "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "sent", [b"", b"Content-", b"Content-Length: 200\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"]
)
def test_400_when_a_request_ends_early(gateway, served, sent):
    with socket.create_connection(served) as caller:
        caller.sendall(b"POST /open/1 HTTP/1.1\r\nHost: x\r\n" + sent)
        caller.shutdown(socket.SHUT_WR)
        assert caller.makefile("rb").readline().split()[1] == b"400"
    assert gateway.events == []


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"Transfer-Encoding: Chunked\r\n\r\n1\r\n{\r\n01\r\n}\r\n000\r\n\r\n",
        b'Transfer-Encoding: chunked\r\n\r\n2;name="a;b"\r\n{}\r\n0 ;last\r\n\r\n',
        b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Checksum: 1\r\nX-Other: 2\r\n\r\n",
    ],
)
def test_body_arrives_whole_however_its_length_is_sent(gateway, exchange, headers):
    assert exchange(b"POST /open/1 HTTP/1.1\r\nHost: x\r\n" + headers).status == 201
    assert gateway.asked("Open")[0]["body"] == "{}"


def test_whitespace_around_a_header_is_not_part_of_it(gateway, exchange):
    """RFC 9110, section 5.5: so a credential that was copied with a space works."""
    sent = b"GET /things HTTP/1.1\r\nHost: x \r\nAuthorization:  Bearer secret \t\r\nX-A: a \r\n\tb \r\nX-B: \r\n\r\n"
    assert exchange(sent).status == 200
    assert gateway.asked("Authorize")[0]["authorizationToken"] == "Bearer secret"
    headers = gateway.asked("List")[0]["headers"]
    assert (headers["Host"], headers["x-a"], headers["x-b"]) == ("x", "a b", "")


@pytest.mark.parametrize("path", [b"//open/1", b"//[open/1"])
def test_path_with_more_than_one_leading_slash_is_unknown(gateway, exchange, path):
    assert exchange(b"POST " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n").status == 403
    assert gateway.events == []
    assert gateway.lines[0].startswith(f"POST {path.decode()} 403 in ")


def test_absolute_url_in_the_request_line_is_its_path(gateway, exchange):
    response = exchange(b"POST HTTP://secret@localhost:3000/open/1?a=b HTTP/1.1\r\nHost: localhost:3000\r\n\r\n")
    assert response.status == 201
    (event,) = gateway.asked("Open")
    assert (event["path"], event["queryStringParameters"]) == ("/open/1", {"a": "b"})
    assert gateway.lines[0].startswith("POST /open/1 201 in ")
