"""Joins texts that come fast. A page draws each frame, and draws a long answer in half the time if they are fewer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread

from shared.errors import TargetTimedOut
from shared.rules.answer import Piece

INTERVAL = 0.05
# For the end of the stream. Every wait of a reply ends before, as far as it has a timeout.
_SECONDS_TO_END = 0.5


def coalesce(
    pieces: Iterator[Piece], clock: Callable[[], float], seconds_left: Callable[[], float] | None = None
) -> Iterator[Piece]:
    """Yields the first text at once, then at most one text per INTERVAL, and no text later than that.

    What `pieces` raises is raised here, after the text that came before it. `clock`: in seconds. `seconds_left`: until
    the caller is ended. Raises TargetTimedOut shortly before, whatever `pieces` waits for, unless they have ended.
    """
    reader = _Reader(pieces)
    due, has_ended = clock(), False
    while True:
        try:
            received = reader.wait(max(0.0, seconds_left() - _SECONDS_TO_END) if seconds_left else None)
        except Empty:
            if has_ended:
                return
            raise TargetTimedOut from None
        while (left := due - clock()) > 0 and not reader.has_ended.wait(left):
            pass
        received += reader.rest()
        if text := "".join(piece for piece in received if isinstance(piece, str)):
            yield text
            due = clock() + INTERVAL
        for piece in received:
            if isinstance(piece, _End):
                if piece.error:
                    try:
                        raise piece.error
                    finally:
                        # An error that is held by its own traceback would hold the request until a collection.
                        del piece, received
                return
            if not isinstance(piece, str):
                has_ended = True
                yield piece


@dataclass(frozen=True, slots=True)
class _End:
    """There are no more pieces. `error`: what they raised."""

    error: BaseException | None


class _Reader:
    """Reads pieces in a thread: a target that pauses must not hold back what it said before the pause."""

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self.has_ended = Event()
        self._received: SimpleQueue[Piece | _End] = SimpleQueue()
        Thread(target=copy_context().run, args=(self._read, pieces), daemon=True).start()

    def wait(self, seconds: float | None) -> list[Piece | _End]:
        """Raises Empty if nothing has been read by then."""
        return [self._received.get(timeout=seconds)]

    def rest(self) -> list[Piece | _End]:
        """What has been read and not been taken yet."""
        return [self._received.get() for _ in range(self._received.qsize())]

    def _read(self, pieces: Iterator[Piece]) -> None:
        end = _End(None)
        try:
            for piece in pieces:
                self._received.put(piece)
        except BaseException as raised:  # noqa: BLE001 - raised where the pieces are taken
            end = _End(raised)
        self._received.put(end)
        # The error's traceback holds this frame.
        del end
        self.has_ended.set()
