"""Clients of AWS that give up before the caller does."""

from __future__ import annotations

from typing import Any

from shared import startup  # noqa: F401 # isort: skip - ahead of what it is to speed up
import botocore.session
from botocore.config import Config

session = botocore.session.get_session()

# Three attempts of at most 2.5 s and pauses of at most 1 s and 2 s between them: 11 s at the worst.
PROMPT = Config(
    connect_timeout=1,
    read_timeout=1.5,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
)
# For what a visitor waits for. API Gateway gives up after 29 s, some of which our own calls need. One attempt: what
# answered too late has still been done, and paid for.
PATIENT = Config(
    connect_timeout=1,
    read_timeout=24,
    retries={"total_max_attempts": 1},
    tcp_keepalive=True,
)


def client(service: str, config: Config = PROMPT) -> Any:
    """botocore rather than boto3: the same calls, and less to load at a cold start."""
    return session.create_client(service, config=config)
