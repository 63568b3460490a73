"""How clients reach the AWS in memory, and no other. Imports nothing of moto, so it loads fast."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping

REGION = "us-east-1"
# Values that clients need and moto ignores.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_SESSION_TOKEN": "local"}


def made_up() -> dict[str, str]:
    """Credentials for one run, for an AWS in memory that others could reach: it refuses any other access key."""
    return {
        "AWS_ACCESS_KEY_ID": f"LOCAL{secrets.token_hex(16).upper()}",
        "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(30),
        "AWS_SESSION_TOKEN": "local",
    }


def isolate() -> None:
    """Hides the developer's AWS account, profile, and region from clients in this process and its children."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)


def variables(endpoint: str, credentials: Mapping[str, str] = CREDENTIALS) -> dict[str, str]:
    """The variables with which a process reaches only the AWS at `endpoint`, without the developer's profile."""
    return {
        **credentials,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        # A model on this machine may answer, such as one of Ollama.
        "LOOPBACK_TARGETS": "allowed",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
