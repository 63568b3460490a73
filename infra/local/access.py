"""How clients reach the AWS in memory, and no other. Light: without what that AWS is made of."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping

REGION = "us-east-1"
# What clients need to have and moto never looks at.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_SESSION_TOKEN": "local"}


def made_up() -> dict[str, str]:
    """Credentials of one run, where the AWS in memory can be reached by others: it refuses any other access key."""
    return {
        "AWS_ACCESS_KEY_ID": f"LOCAL{secrets.token_hex(16).upper()}",
        "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(30),
        "AWS_SESSION_TOKEN": "local",
    }


def isolate() -> None:
    """No account, profile or region of the developer's reaches AWS's clients in this process or its children."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)


def variables(endpoint: str, credentials: Mapping[str, str] = CREDENTIALS) -> dict[str, str]:
    """The variables by which a process reaches the AWS at `endpoint`, and no other: no profile of the developer's."""
    return {
        **credentials,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        # A model on this machine, such as Ollama's, may answer.
        "LOOPBACK_TARGETS": "allowed",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
