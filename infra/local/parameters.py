"""Checks parameter values against the template's constraints and rules, as CloudFormation does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.local import template as sam
from infra.local.template import NotModeled, Template


class InvalidParameters(Exception):  # noqa: N818 - an answer to the developer
    """CloudFormation would not accept these values; the message says which and why, one per line."""


def require_valid(source: Template, given: Mapping[str, str]) -> None:
    """`source`: the template as written. `given`: values by name; others have their defaults.

    Raises InvalidParameters, and NotModeled for a type other than String or a rule that the local stack cannot decide.
    """
    values = {name: str(given.get(name, declared.get("Default", ""))) for name, declared in _declared(source)}
    problems = [
        problem for name, declared in _declared(source) for problem in _violations(name, declared, values[name])
    ]
    # Rules compare only valid values.
    problems = problems or list(_failed_rules(source, values))
    if problems:
        raise InvalidParameters("\n".join(problems))


def _declared(source: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from source.get("Parameters", {}).items()


def _violations(name: str, declared: Mapping[str, Any], value: str) -> Iterator[str]:
    if declared["Type"] != "String":
        raise NotModeled(f"The local stack does not model the type {declared['Type']} of the parameter {name}.")
    found = next(_unsatisfied(declared, value), None)
    if found is None:
        return
    if description := declared.get("ConstraintDescription"):
        yield f"Parameter {name} failed to satisfy constraint: {description}"
    else:
        yield f"Parameter '{name}' {found}"


def _unsatisfied(declared: Mapping[str, Any], value: str) -> Iterator[str]:
    """The errors for broken rules, in CloudFormation's words."""
    if "AllowedValues" in declared and value not in map(str, declared["AllowedValues"]):
        yield f"must be one of AllowedValues: {', '.join(map(str, declared['AllowedValues']))}"
    if "AllowedPattern" in declared and not re.fullmatch(declared["AllowedPattern"], value):
        yield f"must match pattern {declared['AllowedPattern']}"
    if len(value) < int(declared.get("MinLength", 0)):
        yield f"must contain at least {declared['MinLength']} characters"
    if len(value) > int(declared.get("MaxLength", len(value))):
        yield f"must contain at most {declared['MaxLength']} characters"


def _failed_rules(source: Template, values: Mapping[str, str]) -> Iterator[str]:
    chosen = {"Parameters": {name: {"Default": value} for name, value in values.items()}, "Conditions": {}}
    for name, rule in source.get("Rules", {}).items():
        if "RuleCondition" in rule and not sam.is_true(chosen, rule["RuleCondition"]):
            continue
        for assertion in rule["Assertions"]:
            if not sam.is_true(chosen, assertion["Assert"]):
                yield f"Rule {name} failed: {assertion.get('AssertDescription', 'its assertion is false')}"
