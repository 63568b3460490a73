"""The decoder of server-sent events, held to that of httpx-sse."""

import random
from http.client import HTTPException

import httpx
import pytest
from httpx_sse import EventSource

from shared.http import server_sent_events

STREAM = (
    ': a comment\n\nevent: x\ndata: {"a": 1}\n\ndata:no space\r\ndata:  two spaces\r\n\r\nid: 1\rdata: 🍵é\r\r'
    "retry: 5\n\ndata\n\ndatas: no field of this name\ndata: x\n\n\n\ndata: [DONE]\n\n"
).encode()


def decoded(*chunks):
    return list(server_sent_events.data(chunks))


def of_httpx(stream):
    response = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=stream)
    return [one.data for one in EventSource(response).iter_sse()]


def test_events_are_decoded():
    assert decoded(STREAM) == ['{"a": 1}', "no space\n two spaces", "🍵é", "", "x", "[DONE]"]


def test_bytes_that_are_no_text_are_replaced():
    assert decoded(b"data: a\xffb\n\n") == ["a\N{REPLACEMENT CHARACTER}b"]


def test_decoder_matches_httpx_sse():
    # httpx-sse also returns events without data, which the standard says not to dispatch.
    assert [one for one in decoded(STREAM) if one] == [one for one in of_httpx(STREAM) if one]


def test_stream_cut_at_every_byte_is_decoded():
    whole = decoded(STREAM)
    for cut in range(len(STREAM) + 1):
        assert decoded(STREAM[:cut], STREAM[cut:]) == whole
    assert decoded(*(bytes([byte]) for byte in STREAM)) == whole


def test_random_lines_cut_at_random_are_decoded():
    source = random.Random(12)  # noqa: S311 - no secret
    for _ in range(500):
        stream = b"".join(
            source.choice([b"data: ", b"data:", b"a", b":", b"\n", b"\r\n", b"\r", "é".encode(), b"event: x"])
            for _ in range(40)
        )
        cuts = sorted(source.randrange(len(stream) + 1) for _ in range(8))
        parts = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        assert decoded(*parts) == decoded(stream)
        assert [one for one in decoded(stream) if one] == [one for one in of_httpx(stream) if one]


def test_event_is_decoded_at_its_blank_line():
    for end in ("\n\n", "\r\r", "\r\n\r"):

        def chunks(end=end):
            yield f"data: a{end}".encode()
            pytest.fail("waits for more than the first event")

        assert next(server_sent_events.data(chunks())) == "a"


def test_byte_order_mark_at_the_start_is_skipped():
    assert decoded(b"\xef\xbb", b"\xbfdata: a\n\n") == ["a"]


def test_event_that_may_be_cut_off_is_dropped():
    assert decoded(b"data: a\n\ndata: b\n") == ["a"]


@pytest.mark.parametrize(
    "chunk", [b"a" * 4096, b"data: " + b"a" * 4096 + b"\n", b"data:\n" * 4096], ids=["line", "data", "empty data"]
)
def test_endless_event_is_refused(chunk):
    def endless():
        yield b"data: "
        while True:
            yield chunk

    with pytest.raises(HTTPException, match="larger than"):
        decoded(*server_sent_events.data(endless()))


@pytest.mark.parametrize("start", [b"data:", b""])
def test_event_of_exactly_the_most_bytes_is_decoded_and_no_larger(start):
    most = server_sent_events._EVENT_BYTES_MAX
    line = start + b"x" * (most - len(start))
    assert decoded(line) == []
    assert len(decoded(b"data:" + b"x" * (most - 5), b"\n\n")) == 1
    with pytest.raises(HTTPException, match="an event is larger than"):
        decoded(line + b"x")
