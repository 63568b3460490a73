"""Decodes server-sent events, cut anywhere on the way.

https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from http.client import HTTPException

_EVENT_BYTES_MAX = 1024 * 1024
_LINE_END = re.compile(rb"\r\n|\n|\r")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def data(chunks: Iterable[bytes]) -> Iterator[str]:
    """The data of each event. Raises HTTPException for an event that is too large.

    An event at the end without the blank line after it is dropped: it may be cut off.
    """
    lines: list[bytes] = []
    size = 0
    for line in _lines(chunks):
        if not line and lines:
            yield b"\n".join(lines).decode(errors="replace")
            lines, size = [], 0
        name, _, value = line.partition(b":")
        if name == b"data":
            lines.append(value.removeprefix(b" "))
            size += len(value) + 1
            if size > _EVENT_BYTES_MAX:
                raise _too_large()


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A line ends with LF, CR, or CRLF. A CR at the end of a chunk ends its line at once: no event waits for an LF."""
    rest: list[bytes] = []
    size, is_first, is_after_cr = 0, True, False
    for chunk in chunks:
        parts = _LINE_END.split(chunk[1:] if is_after_cr and chunk.startswith(b"\n") else chunk)
        is_after_cr = chunk.endswith(b"\r")
        for part in parts[:-1]:
            line = b"".join([*rest, part])
            rest, size = [], 0
            yield line.removeprefix(_BYTE_ORDER_MARK) if is_first else line
            is_first = False
        rest.append(parts[-1])
        size += len(parts[-1])
        if size > _EVENT_BYTES_MAX:
            raise _too_large()


def _too_large() -> HTTPException:
    return HTTPException(f"an event is larger than {_EVENT_BYTES_MAX:,} bytes")
