"""Resolves names within a time. The resolver of the system has no timeout that a caller could set."""

from __future__ import annotations

import socket
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any


def resolve(host: str, port: int, seconds: float) -> list[Any]:
    """As socket.getaddrinfo, for TCP. Raises TimeoutError if the resolver takes longer than `seconds`, else OSError."""
    outcome: SimpleQueue[list[Any] | Exception] = SimpleQueue()

    def run() -> None:
        try:
            outcome.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            outcome.put(error)

    # A resolver that hangs holds this thread until it gives up by itself, and nobody waits for it.
    Thread(target=run, daemon=True).start()
    try:
        found = outcome.get(timeout=seconds)
    except Empty:
        raise TimeoutError("the resolver has not answered") from None
    if isinstance(found, UnicodeError):
        raise OSError("the host's name is malformed") from None
    if isinstance(found, Exception):
        raise found
    return found
