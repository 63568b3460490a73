"""What a deployment lets targets name in AWS: what the stack's parameters say."""

from __future__ import annotations

from infra.cli.deployment import Deployment
from shared.rules import target_permission
from shared.rules.target import Target
from shared.rules.target_permission import Permitted


def permitted(deployment: Deployment) -> Permitted:
    """Everything on the local stack, whose functions have no roles."""
    if deployment.is_local:
        return target_permission.EVERYTHING
    where = f"{deployment.region}:{deployment.account}"
    return {
        "aws_lambda": [
            f"arn:aws*:lambda:{where}:function:{one}*" for one in _given(deployment, "TargetFunctionPrefix")
        ],
        "bedrock": _given(deployment, "BedrockModelArns"),
        "openai": [
            f"arn:aws*:secretsmanager:{where}:secret:{one}*" for one in _given(deployment, "TargetSecretPrefix")
        ],
    }


def warning(target: Target, deployment: Deployment) -> str | None:
    """Why the API may not use what the target names."""
    lacks = target_permission.missing(target, permitted(deployment))
    if lacks is None:
        return None
    return (
        f"The API may not use {lacks.named}: the stack's parameter {lacks.parameter} allows "
        f"{', '.join(lacks.permitted) or 'nothing'}. Until one of the two is changed, visitors get no answer."
    )


def _given(deployment: Deployment, parameter: str) -> list[str]:
    # A stack that was deployed before the parameter existed does not have it.
    return [one for one in deployment.parameters.get(parameter, "").split(",") if one]
