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
    """A permission that the deployment's functions lack. `named`: what the target names, which is a `what`, or the ARN
    of the model behind it.

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
    matching = [
        arn
        for arn in arns
        if fnmatchcase(named, arn) or (target.kind == "bedrock" and fnmatchcase(named, arn.rpartition("/")[2]))
    ]
    if not matching:
        return Missing(named, what, parameter, arns)
    models = [_model_of(named) or _model_of(arn) for arn in matching]
    lacking = [model for model in models if model and not any(_overlap(model, arn) for arn in arns)]
    return Missing(lacking[0], what, parameter, arns) if len(lacking) == len(models) else None


def _model_of(arn: str) -> str | None:
    """The ARN of the model of a cross-region inference profile, which a call needs, too. None of anything else."""
    where, is_profile, name = arn.partition(":inference-profile/")
    if not is_profile:
        return None
    # A profile is named after a geography, such as us, and its model, which belongs to no account.
    return f"{where.rpartition(':')[0]}::foundation-model/{name.partition('.')[2]}"


def _overlap(one: str, other: str) -> bool:
    """Each may have wildcards, such as for the region."""
    return fnmatchcase(one, other) or fnmatchcase(other, one)


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
