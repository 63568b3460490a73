"""JSON values."""

from __future__ import annotations

import json
from typing import Any


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON. Python considers 1, 1.0, and True equal."""
    return json.dumps(one) == json.dumps(other)
