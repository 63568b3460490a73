"""Whether the API's role covers what a target names."""

from __future__ import annotations

from fnmatch import fnmatchcase

from infra.cli.deployment import Deployment
from shared.rules.target import Target

# Kind -> the setting that names something of AWS, the parameter of the stack that allows it, and the ARNs that one
# value of the parameter allows.
_GRANTS = {
    "aws_lambda": ("function_arn", "TargetFunctionPrefix", "arn:aws*:lambda:{where}:function:{value}*"),
    "bedrock": ("model_id", "BedrockModelArns", "{value}"),
    "openai": ("secret_arn", "TargetSecretPrefix", "arn:aws*:secretsmanager:{where}:secret:{value}*"),
}


def warning(target: Target, deployment: Deployment) -> str | None:
    """Why the API may not use what the target names: its role allows what the stack's parameters name.

    None on the local stack, whose functions have no roles.
    """
    setting, parameter, arns = _GRANTS.get(target.kind, ("", "", ""))
    if deployment.is_local or setting not in target.settings:
        return None
    named = target.settings[setting]
    where = f"{deployment.region}:{deployment.account}"
    # A stack that was deployed before the parameter existed does not have it.
    values = filter(None, deployment.parameters.get(parameter, "").split(","))
    allowed = [arns.format(where=where, value=value) for value in values]
    if any(fnmatchcase(named, pattern) for pattern in allowed):
        return None
    # A model may be named by the last part of its ARN.
    if target.kind == "bedrock" and any(fnmatchcase(named, pattern.rpartition("/")[2]) for pattern in allowed):
        return None
    return (
        f"The API may not use {named}: the stack's parameter {parameter} allows {', '.join(allowed) or 'nothing'}. "
        "Until one of the two is changed, visitors get no answer."
    )
