"""A TOKEN authorizer as API Gateway runs it: its invocation, its cache, and the evaluation of its policy."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.local.call import Call
from infra.local.routes import Authorizer

_REMEMBERED_MAX = 10_000


class ConfigurationError(Exception):
    """The authorizer's response is not one that API Gateway accepts; the message says why."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The parts of an authorizer's answer. `context`: principal and context, as functions receive them."""

    statements: list[dict[str, Any]]
    context: dict[str, str]

    def allows(self, arn: str) -> bool:
        """A matching Deny overrides any Allow; without a match, access is denied."""
        effects = {statement["Effect"] for statement in self.statements if _matches(statement["Resource"], arn)}
        return effects == {"Allow"}


class Authorization:
    """Invokes the function, or returns its cached answer for the same credential, whether Allow or Deny.

    A full cache is cleared: like API Gateway's, it may lose entries at any time.
    """

    def __init__(self, ask: Callable[[str, dict[str, Any]], Any]) -> None:
        self._ask = ask
        self._remembered: dict[tuple[str, str], tuple[float, Decision]] = {}

    def decide(self, authorizer: Authorizer, credential: str, call: Call) -> Decision:
        """Raises ConfigurationError, and errors of `ask`; neither is cached."""
        key = (authorizer.function, credential)
        until, decision = self._remembered.get(key, (0.0, None))
        if decision is None or call.at >= until:
            event = {"type": "TOKEN", "methodArn": call.arn, "authorizationToken": credential}
            decision = _read(self._ask(authorizer.function, event))
            if authorizer.ttl:
                if len(self._remembered) >= _REMEMBERED_MAX:
                    self._remembered.clear()
                self._remembered[key] = (call.at + authorizer.ttl, decision)
        return decision


def _read(answer: Any) -> Decision:
    match answer:
        case {"principalId": str(principal), "policyDocument": {"Statement": list(statements)}} if statements:
            pass
        case _:
            raise ConfigurationError("it lacks a principalId or a policyDocument with a list of statements")
    for statement in statements:
        # API Gateway also supports conditions and negations, which the local stack does not model.
        match statement:
            case {"Effect": "Allow" | "Deny", "Action": "execute-api:Invoke", "Resource": str() | list(), **other}:
                if not other:
                    continue
        raise ConfigurationError("a statement is not just an Effect, the Action execute-api:Invoke and a Resource")
    context = answer.get("context") or {}
    if not all(isinstance(value, str | int | float) for value in context.values()):
        raise ConfigurationError("a value of its context is neither text, a number nor a boolean")
    # API Gateway passes every value on as text.
    texts = {name: value if isinstance(value, str) else str(value).lower() for name, value in context.items()}
    return Decision(statements, {"principalId": principal} | texts)


def _matches(resource: str | list[str], arn: str) -> bool:
    for pattern in [resource] if isinstance(resource, str) else resource:
        expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
        if re.fullmatch(expression, arn, re.DOTALL):
            return True
    return False
