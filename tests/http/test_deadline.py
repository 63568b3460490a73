"""Bodies that are read within a deadline, from real responses."""

import socket
from http.client import HTTPConnection, HTTPException, HTTPResponse

import pytest

from shared.http import deadline


@pytest.fixture
def response():
    """`response(sent)`: the response that a server sends before it closes the connection."""
    here, there = socket.socketpair()

    def response(sent):
        there.sendall(sent)
        there.close()
        made = HTTPResponse(here)
        made.begin()
        return made

    yield response
    here.close()


@pytest.mark.parametrize("head", [b"Content-Length: 5", b"Connection: close"])
def test_body_of_exactly_the_most_bytes_is_read(response, head):
    five = response(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\nhello")
    assert b"".join(deadline.chunks(five, 5)) == b"hello"


def test_body_of_one_byte_more_is_an_error(response):
    five = response(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    with pytest.raises(HTTPException, match=r"^the response is larger than 4 bytes$"):
        list(deadline.chunks(five, 4))


def test_body_that_is_shorter_than_its_length_is_an_error(response):
    four = response(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell")
    with pytest.raises(HTTPException, match=r"^the response ended early$"):
        list(deadline.chunks(four, 5))


def test_hurried_response_is_not_waited_for():
    here, there = socket.socketpair()
    with here, there:
        connection = HTTPConnection("localhost")
        connection.sock = here
        there.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh")
        begun = deadline.request(connection, "/", b"", {}, lambda: 60)
        assert begun.read1() == b"h"
        deadline.hurry(begun, 0)
        with pytest.raises(TimeoutError, match=r"^the deadline has passed$"):
            begun.read1()
