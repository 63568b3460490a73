"""Values as JSON has them."""

from __future__ import annotations

import json
from typing import Any


def is_same(one: Any, other: Any) -> bool:
    """Python takes 1, 1.0 and True for equal. JSON does not."""
    return json.dumps(one) == json.dumps(other)
