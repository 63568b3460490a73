"""A tenant's quotas, from the deployment's parameters."""

from __future__ import annotations

import os

TOKENS_PER_TENANT = int(os.environ["TOKENS_PER_TENANT"])
