"""An empty function: the cost of Python and Lambda's runtime client alone."""

from __future__ import annotations

from typing import Any


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    return {"statusCode": 200, "body": ""}
