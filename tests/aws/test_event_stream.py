"""The decoder of AWS's event streams, held to botocore's: whole, cut at every byte, and damaged at every byte."""

import random
import struct
import zlib

import pytest
from botocore.eventstream import EventStreamBuffer, ParserError

from shared.aws.event_stream import CorruptStream, messages
from tests.aws.event_stream import encoded, event, exception, framed, message

STREAM = (
    event("PayloadChunk", "Tea 🍵".encode())
    + message(b"")
    + exception("throttlingException")
    + encoded(
        [
            ("yes", 0, b""),
            ("no", 1, b""),
            ("byte", 2, b"\x01"),
            ("short", 3, b"\x01\x02"),
            ("int", 4, b"\x01" * 4),
            ("long", 5, b"\x01" * 8),
            ("bytes", 6, b"\x00\x02\xff\xfe"),
            ("text", 7, struct.pack(">H", 2) + "é".encode()),
            ("time", 8, b"\x01" * 8),
            ("uuid", 9, b"\x01" * 16),
        ],
        b"\x00" * 100,
    )
    + event("InvokeComplete", {})
)


def of_botocore(stream):
    buffer = EventStreamBuffer()
    buffer.add_data(stream)
    return [
        ({name: value for name, value in one.headers.items() if isinstance(value, str) and name != "uuid"}, one.payload)
        for one in buffer
    ]


def test_decoder_matches_botocore():
    found = of_botocore(STREAM)
    assert list(messages([STREAM])) == found
    assert len(found) == 5


def test_stream_cut_at_every_byte_is_decoded():
    whole = list(messages([STREAM]))
    for cut in range(len(STREAM) + 1):
        assert list(messages([STREAM[:cut], STREAM[cut:]])) == whole
    assert list(messages(bytes([byte]) for byte in STREAM)) == whole


def test_message_is_decoded_as_soon_as_it_is_complete():
    first = event("PayloadChunk", b"Tea")

    def chunks():
        yield first
        pytest.fail("waits for more than the first message")

    assert next(messages(chunks())).payload == b"Tea"


def test_stream_that_ends_within_a_message_is_corrupt():
    ends, at = {0}, 0
    while at < len(STREAM):
        at += struct.unpack_from(">I", STREAM, at)[0]
        ends.add(at)
    for end in range(1, len(STREAM)):
        if end not in ends:
            with pytest.raises(CorruptStream, match=r"^the stream ends within a message$"):
                list(messages([STREAM[:end]]))


def test_every_damaged_byte_is_detected():
    one = event("PayloadChunk", b"Tea and more")
    for at in range(len(one)):
        damaged = bytearray(one)
        damaged[at] ^= 1 << at % 8
        what = "the prelude does not fit its checksum" if at < 12 else "a message does not fit its checksum"
        with pytest.raises(CorruptStream, match=f"^{what}$"):
            list(messages([bytes(damaged)]))


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(b"\x05ab", id="name is cut off"),
        pytest.param(b"\x01a", id="no type"),
        pytest.param(b"\x01a\x07", id="no length"),
        pytest.param(b"\x01a\x07\x00\x05abc", id="value is cut off"),
        pytest.param(b"\x01a\x0a", id="unknown type"),
        pytest.param(b"\x01a\x07\x00\x01\xff", id="text is not UTF-8"),
        pytest.param(b"\x01\xff\x07\x00\x01a", id="name is not UTF-8"),
    ],
)
def test_malformed_headers_are_corrupt(headers):
    with pytest.raises(CorruptStream, match="headers"):
        list(messages([framed(headers)]))


@pytest.mark.parametrize(("total", "headers"), [(0, 0), (15, 0), (16, 1), (2**32 - 1, 0), (8 * 2**20 + 1, 0)])
def test_impossible_or_huge_lengths_are_refused_at_once(total, headers):
    """Before the message is awaited: a length of 4 GB must not make the function wait and gather."""
    prelude = struct.pack(">II", total, headers)
    with pytest.raises(CorruptStream, match="a message of"):
        list(messages([prelude + struct.pack(">I", zlib.crc32(prelude))]))


def test_random_bytes_raise_only_the_corruption_error():
    source = random.Random(12)  # noqa: S311 - no secret
    for _ in range(2000):
        noise = source.randbytes(source.randrange(1, 64))
        with pytest.raises(CorruptStream):
            list(messages([noise]))
        with pytest.raises(ParserError):
            of_botocore(noise + bytes(16))
