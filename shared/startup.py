"""A cold start without garbage collection: importing makes much and drops little, so every collection is in vain.

It begins when this is imported, ahead of all packages but Python's own, and ends when a frame is put around a door,
which is the last thing that a door's module does.
"""

from __future__ import annotations

import gc

gc.disable()


def is_over() -> None:
    """What stands now stays for good, and no collection looks at it again."""
    gc.freeze()
    gc.enable()
