"""Whether an idle connection can be used again."""

from __future__ import annotations

import select
from http.client import HTTPConnection

# After a long freeze of the function, a network on the way may have forgotten the connection without closing it. A
# request would then wait for its whole deadline.
IDLE_SECONDS_MAX = 50


def is_dropped(connection: HTTPConnection) -> bool:
    """Whether the server has closed it: a live idle connection has nothing to read."""
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))
