"""Keeps garbage collection off during a cold start: imports create much and drop little, so collecting is wasted work.

`shared.log` disables it ahead of all packages but Python's own. Each handler's decorator, the last thing that its
module runs, freezes what was imported and enables it again.
"""

from __future__ import annotations

import gc


def disable() -> None:
    gc.disable()


def freeze() -> None:
    """Exempts every object that exists now from collection, then enables collection."""
    gc.freeze()
    gc.enable()
