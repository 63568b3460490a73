"""What this deployment lets targets name in AWS: what the roles of the functions that ask targets cover."""

from __future__ import annotations

import os

from shared.rules.target_permission import Permitted


def arns() -> Permitted:
    return {
        "aws_lambda": _listed(os.environ["PERMITTED_FUNCTIONS"]),
        "bedrock": _listed(os.environ["PERMITTED_MODELS"]),
        "openai": _listed(os.environ["PERMITTED_ENDPOINT_KEYS"]),
    }


def _listed(text: str) -> list[str]:
    return [arn for arn in text.split(",") if arn]
