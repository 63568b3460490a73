"""DynamoDB's capacity units, from sizes in bytes.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
"""

from __future__ import annotations

import math


def read_units(size: int, *, consistent: bool) -> float:
    """One unit per 4 KB, at least one, and half of that for an eventually consistent read."""
    return max(1, math.ceil(size / 4096)) * (1 if consistent else 0.5)


def write_units(size: int) -> int:
    """One unit per 1 KB of the whole item, before or after the write, whichever is larger."""
    return max(1, math.ceil(size / 1024))
