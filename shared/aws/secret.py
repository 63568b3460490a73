"""Values in Secrets Manager, kept for a few minutes. https://docs.aws.amazon.com/secretsmanager/"""

from __future__ import annotations

import time
from functools import cache
from typing import NamedTuple

from shared.aws.client import Unreachable
from shared.aws.json_client import JsonClient

# A call costs $0.05 per 10,000, and takes some milliseconds before the first word.
_KEPT_SECONDS = 300
_KEPT_MAX = 100

_kept: dict[str, tuple[str, float]] = {}


class Secret(NamedTuple):
    """`is_kept`: read before this call, so that it may have been rotated since."""

    value: str
    is_kept: bool


@cache
def _client() -> JsonClient:
    return JsonClient("secretsmanager", "secretsmanager", "1.1")


def read(arn: str, *, is_fresh: bool = False) -> Secret:
    """`is_fresh`: ignores what was kept. Raises AwsError, never with the value in it."""
    now = time.monotonic()
    if not is_fresh and arn in _kept and now < _kept[arn][1]:
        return Secret(_kept[arn][0], is_kept=True)
    answer = _client().call("GetSecretValue", {"SecretId": arn})
    value = answer.get("SecretString")
    if not isinstance(value, str):
        raise Unreachable("GetSecretValue", "the secret is binary")
    if len(_kept) >= _KEPT_MAX:
        _kept.clear()
    _kept[arn] = value, now + _KEPT_SECONDS
    return Secret(value, is_kept=False)
