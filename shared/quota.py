"""A tenant's quotas, from the deployment's parameters."""

from __future__ import annotations

import os


def tokens_per_tenant() -> int:
    return int(os.environ["TOKENS_PER_TENANT"])
