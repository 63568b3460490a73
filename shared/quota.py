"""What one tenant may have of the deployment, as its parameters say."""

from __future__ import annotations

import os

TOKENS_PER_TENANT = int(os.environ["TOKENS_PER_TENANT"])
