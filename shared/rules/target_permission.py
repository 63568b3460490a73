"""Whether a deployment lets its functions use what a target names in AWS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from shared.rules.target import KINDS, Target

Permitted = Mapping[str, Sequence[str]]
"""Kind of target -> ARNs, with wildcards, of what the deployment lets targets of this kind name."""

# Kind -> the setting that names something in AWS, what that is, and the parameter of the stack that permits it.
_NAMED = {
    "aws_lambda": ("function_arn", "Lambda function", "TargetFunctionPrefix"),
    "bedrock": ("model_id", "model", "BedrockModelArns"),
    "openai": ("secret_arn", "secret", "TargetSecretPrefix"),
}
EVERYTHING: Permitted = dict.fromkeys(_NAMED, ("*",))


@dataclass(frozen=True, slots=True)
class Missing:
    """A permission that the deployment's functions lack. `named`: what the target names, which is a `what`.

    `parameter`: of the stack, which could permit it. `permitted`: the ARNs that it permits.
    """

    named: str
    what: str
    parameter: str
    permitted: Sequence[str]


def missing(target: Target, permitted: Permitted) -> Missing | None:
    """None if nothing is missing."""
    setting, what, parameter = _NAMED.get(target.kind, ("", "", ""))
    if setting not in target.settings:
        return None
    named, arns = target.settings[setting], permitted[target.kind]
    # A model may be named by the last part of its ARN.
    patterns = [*arns, *(arn.rpartition("/")[2] for arn in arns if target.kind == "bedrock")]
    if any(fnmatchcase(named, pattern) for pattern in patterns):
        return None
    return Missing(named, what, parameter, arns)


def problem(target: Target, permitted: Permitted) -> str | None:
    """Why the target cannot answer, in words for the owner of its tenant: without anything that its settings say."""
    if target.kind not in KINDS:
        return (
            "This version of the service does not support its kind, so visitors get no answer. Ask an operator to "
            "register it again."
        )
    lacks = missing(target, permitted)
    if lacks is None:
        return None
    return (
        f"This deployment may not use the {lacks.what} that it names, so visitors get no answer. Ask an operator to "
        f"permit it with the stack's parameter {lacks.parameter}, or to register another one."
    )
