"""A function that creates a boto3 client in the usual way, and does nothing with it."""

from __future__ import annotations

from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")


def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    return {"statusCode": 200, "body": ""}
