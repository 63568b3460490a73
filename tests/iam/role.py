"""Decides as IAM does: what a function's role in the translated template allows.

moto checks no permissions, so a role that lacks an action passes every test there and fails in production. An operator,
element, or intrinsic function that this evaluator does not know is an error: a guess could hide a missing permission.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

# SAM attaches this to every function: Lambda writes its logs. (And traces, with Tracing=Active; not by default.)
MANAGED = re.compile(r"arn:[^:]+:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")


NO_VALUE = {"Ref": "AWS::NoValue"}


class Unknown(Exception):  # noqa: N818 - it says what the evaluator lacks, not what the code under test did wrong
    """The evaluator would have to guess."""


@dataclass(frozen=True)
class Access:
    """One permission that a call needs. A call on several tables, or a transaction, needs several."""

    action: str
    resource: str
    leading_keys: frozenset[str] = frozenset()
    # Names of the attributes that a write sets, reads, or returns.
    attributes: frozenset[str] = frozenset()


@dataclass(frozen=True, order=True)
class Grant:
    """The smallest unit of a role: one action, on one resource, under one pattern of partition keys."""

    function: str
    statement: int
    action: str
    resource: str
    leading_key: str = "*"


@dataclass(frozen=True)
class Decision:
    """`used`: the grants that allowed the access. `reason`: AWS's words for a denial."""

    allowed: bool
    used: frozenset[Grant] = frozenset()
    reason: str = ""


@dataclass(frozen=True)
class Statement:
    """One statement of a role. `leading_keys` and `attributes` are None if no condition restricts them."""

    function: str
    index: int
    allow: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    leading_keys: tuple[str, ...] | None
    attributes: tuple[str, ...] | None = None

    def grants(self) -> frozenset[Grant]:
        return frozenset(
            self._grant(action, resource, key)
            for action in self.actions
            for resource in self.resources
            for key in self.leading_keys or ("*",)
        )

    def matched(self, access: Access) -> frozenset[Grant]:
        """The grants that cover `access`; none if the statement does not apply to it."""
        action = _first_like(self.actions, access.action, re.IGNORECASE)
        resource = _first_like(self.resources, access.resource)
        if action is None or resource is None:
            return frozenset()
        # ForAnyValue holds for no value where the request has none.
        if self.attributes is not None and access.attributes.isdisjoint(self.attributes):
            return frozenset()
        if self.leading_keys is None or not access.leading_keys:
            # ForAllValues also holds for no value at all: a Scan passes a condition on leading keys.
            return frozenset({self._grant(action, resource, "*")})
        keys = [_first_like(self.leading_keys, key) for key in access.leading_keys]
        if None in keys:
            return frozenset()
        return frozenset(self._grant(action, resource, key) for key in keys if key is not None)

    def _grant(self, action: str, resource: str, key: str) -> Grant:
        return Grant(self.function, self.index, action, resource, key)


def decide(role: tuple[Statement, ...], access: Access) -> Decision:
    """Denied unless a statement allows it; an explicit Deny beats every Allow."""
    if any(statement.matched(access) for statement in role if not statement.allow):
        return Decision(allowed=False, reason="with an explicit deny in an identity-based policy")
    for statement in role:
        # Only the first is used, so a statement that repeats another is reported as unused.
        if used := statement.matched(access):
            return Decision(allowed=True, used=used)
    return Decision(allowed=False, reason=f"because no identity-based policy allows the {access.action} action")


def role_of(template: dict[str, Any], function: str, values: Mapping[str, str]) -> tuple[Statement, ...]:
    """The statements of `function`'s own role. `values`: the values of `Table.Arn` and the like in the running stack.

    Parameters have their defaults, where a translated template keeps the values to use.
    """
    match template["Resources"][function]["Properties"]["Role"]:
        case {"Fn::GetAtt": [role, "Arn"]}:
            properties = template["Resources"][role]["Properties"]
        case other:
            raise Unknown(f"{function}: a role from elsewhere, {other}")
    _only({"AssumeRolePolicyDocument", "ManagedPolicyArns", "Policies", "Tags"}, properties, function)
    for arn in properties.get("ManagedPolicyArns", []):
        if not MANAGED.fullmatch(arn):
            raise Unknown(f"{function}: managed policy {arn}")
    parameters = template.get("Parameters", {})
    values = {name: str(one["Default"]) for name, one in parameters.items() if "Default" in one} | dict(values)
    documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
    conditions = template.get("Conditions", {})
    written = [one for document in documents for one in listed(document["Statement"])]
    chosen = [_chosen(one, conditions, values) for one in written]
    statements = [one for one in chosen if one != NO_VALUE]
    return tuple(_statement(function, index, one, conditions, values) for index, one in enumerate(statements))


def resolve(written: Any, values: Mapping[str, str]) -> str:
    """Resolves `written` as CloudFormation does, given the value of each name that it may refer to."""

    def value(name: str) -> str:
        if name not in values:
            raise Unknown(f"the value of {name}")
        return values[name]

    match written:
        case {"Fn::GetAtt": [name, attribute], **rest} if not rest:
            return value(f"{name}.{attribute}")
        case {"Ref": name, **rest} if not rest:
            return value(name)
        case {"Fn::Sub": str(text), **rest} if not rest:
            return re.sub(r"\$\{([^}]*)\}", lambda found: value(found[1]), text)
        # ${aws:...} in plain text would be a policy variable, which IAM itself fills in.
        case str(text) if "${" not in text:
            return text
        case _:
            raise Unknown(f"what {written} resolves to")


def listed(one_or_many: Any) -> list[Any]:
    """IAM accepts a single string or object wherever it accepts a list."""
    return one_or_many if isinstance(one_or_many, list) else [one_or_many]


def _chosen(written: Any, conditions: Mapping[str, Any], values: Mapping[str, str]) -> Any:
    """The branch of an Fn::If that CloudFormation keeps."""
    match written:
        case {"Fn::If": [condition, if_true, if_false], **rest} if not rest:
            return if_true if _holds(conditions[condition], values) else if_false
    return written


def _holds(condition: Any, values: Mapping[str, str]) -> bool:
    match condition:
        case {"Fn::Not": [inner], **rest} if not rest:
            return not _holds(inner, values)
        case {"Fn::Equals": [one, other], **rest} if not rest:
            return resolve(one, values) == resolve(other, values)
    raise Unknown(f"whether {condition} holds")


def _resources(written: Any, values: Mapping[str, str]) -> tuple[str, ...]:
    match written:
        case {"Fn::Split": [separator, joined], **rest} if not rest:
            return tuple(resolve(joined, values).split(separator))
    return tuple(resolve(resource, values) for resource in listed(written))


def _statement(
    function: str, index: int, written: dict[str, Any], conditions: Mapping[str, Any], values: Mapping[str, str]
) -> Statement:
    where = f"{function}, statement {index}"
    _only({"Sid", "Effect", "Action", "Resource", "Condition"}, written, where)
    if written["Effect"] not in {"Allow", "Deny"}:
        raise Unknown(f"{where}: Effect {written['Effect']}")
    conditions_on_keys, conditions_on_attributes = _condition(written.get("Condition", {}), where)
    return Statement(
        function,
        index,
        written["Effect"] == "Allow",
        tuple(listed(written["Action"])),
        _resources(_chosen(written["Resource"], conditions, values), values),
        conditions_on_keys,
        conditions_on_attributes,
    )


def _condition(written: dict[str, Any], where: str) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """The patterns of leading keys and the attributes to which a statement is restricted; None if it is not."""
    known = {"ForAllValues:StringLike": "dynamodb:LeadingKeys", "ForAnyValue:StringEquals": "dynamodb:Attributes"}
    _only(set(known), written, where)
    for operator, asked in written.items():
        _only({known[operator]}, asked, where)
    keys, attributes = (
        tuple(resolve(value, {}) for value in listed(written[operator][key])) if operator in written else None
        for operator, key in known.items()
    )
    return keys, attributes


def _only(known: set[str], given: Mapping[str, Any], where: str) -> None:
    if unknown := set(given) - known:
        raise Unknown(f"{where}: {', '.join(sorted(unknown))}")


def _first_like(patterns: tuple[str, ...], value: str, flags: re.RegexFlag = re.NOFLAG) -> str | None:
    return next((pattern for pattern in patterns if _regex(pattern, flags).fullmatch(value)), None)


@cache
def _regex(pattern: str, flags: re.RegexFlag) -> re.Pattern[str]:
    """In IAM * is any text and ? any one character; nothing else is special (fnmatch would also read brackets)."""
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), flags | re.DOTALL)
