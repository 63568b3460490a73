"""The deployment that a command works on, and what the command needs to know about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Deployment:
    """`url`: where its API listens. `parameters`: of its stack. `operator`: fetches the caller's IAM ARN from AWS.
    `signing_key`: fetches KMS's description of the key that signs new values. Raises botocore's errors.

    `aws_endpoint`: where all of AWS is. None if each service has an address of its own. `handler_arn`: of the handler
    that `make run TARGET=...` serves as a function.
    """

    url: str
    account: str
    region: str
    parameters: Mapping[str, str]
    operator: Callable[[], str]
    signing_key: Callable[[], Mapping[str, Any]]
    aws_endpoint: str | None
    is_local: bool = False
    handler_arn: str | None = None
