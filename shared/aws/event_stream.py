"""Decodes application/vnd.amazon.eventstream, cut anywhere on the way.

https://smithy.io/2.0/aws/amazon-eventstream.html: total length, length of the headers, CRC of both; headers; payload;
CRC of everything before it. All numbers are big-endian.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from http.client import HTTPException
from typing import NamedTuple

_PRELUDE = struct.Struct(">III")
_CRC = struct.Struct(">I")
_OVERHEAD_BYTES = _PRELUDE.size + _CRC.size
# AWS's own limits are 24 MB and 128 KB. A function's response that is not streamed has at most 6 MB.
_MESSAGE_BYTES_MAX = 8 * 1024 * 1024
_HEADERS_BYTES_MAX = 128 * 1024
# Type of a header's value -> its bytes. None: a length of two bytes goes before.
_VALUE_BYTES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 6: None, 7: None, 8: 8, 9: 16}
_STRING = 7


class Message(NamedTuple):
    """`headers`: those that are texts."""

    headers: Mapping[str, str]
    payload: bytes


class CorruptStream(HTTPException):
    """The bytes are not the ones that AWS sent."""


def messages(chunks: Iterable[bytes]) -> Iterator[Message]:
    """Raises CorruptStream, also if the stream ends within a message."""
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        while len(buffer) >= _PRELUDE.size and len(buffer) >= (total := _total_bytes(buffer)):
            yield _message(bytes(buffer[:total]))
            del buffer[:total]
    if buffer:
        raise CorruptStream("the stream ends within a message")


def _total_bytes(buffer: bytearray) -> int:
    """Checked before anything is allocated or awaited for it."""
    total, headers, crc = _PRELUDE.unpack_from(buffer)
    if zlib.crc32(buffer[: _PRELUDE.size - _CRC.size]) != crc:
        raise CorruptStream("the prelude does not fit its checksum")
    if not headers + _OVERHEAD_BYTES <= total <= _MESSAGE_BYTES_MAX or headers > _HEADERS_BYTES_MAX:
        raise CorruptStream(f"a message of {total:,} bytes with {headers:,} bytes of headers")
    return int(total)


def _message(data: bytes) -> Message:
    if zlib.crc32(data[: -_CRC.size]) != _CRC.unpack(data[-_CRC.size :])[0]:
        raise CorruptStream("a message does not fit its checksum")
    end = _PRELUDE.size + _PRELUDE.unpack_from(data)[1]
    try:
        return Message(dict(_texts(data[_PRELUDE.size : end])), data[end : -_CRC.size])
    except (IndexError, KeyError, UnicodeDecodeError, struct.error) as error:
        raise CorruptStream("the headers are malformed") from error


def _texts(headers: bytes) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(headers):
        name, at = _field(headers, at + 1, headers[at])
        kind, at = headers[at], at + 1
        size = _VALUE_BYTES[kind]
        if size is None:
            (size,), at = struct.unpack_from(">H", headers, at), at + 2
        value, at = _field(headers, at, size)
        if kind == _STRING:
            yield name.decode(), value.decode()


def _field(headers: bytes, start: int, size: int) -> tuple[bytes, int]:
    if start + size > len(headers):
        raise IndexError(size)
    return headers[start : start + size], start + size
