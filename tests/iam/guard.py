"""Enforces each function's role while it runs: calls that the role does not allow fail as they would in AWS."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from tests.aws.network import Answer, Request, refusal
from tests.iam.request import Reader
from tests.iam.role import Access, Grant, Unknown, decide, role_of


class Guard:
    """`values`: what the template's names (`Table.Arn`, `SigningKey.Arn`, `SigningKeyAlias`) are in the stack."""

    def __init__(self, template: dict[str, Any], values: Mapping[str, str]) -> None:
        self._reader = Reader(template, values)
        self._roles = {
            name: role_of(template, name, values)
            for name, resource in template["Resources"].items()
            if resource["Type"] == "AWS::Lambda::Function"
        }
        # A function may mistake a denial for an outage, or ignore it, so tests check this list instead of its response.
        self.refused: list[str] = []
        self._used: set[Grant] = set()
        self._needed: dict[str, set[Access]] = defaultdict(set)
        self._acting: ContextVar[str | None] = ContextVar("acting", default=None)
        self._running = 0
        self._lock = threading.Lock()

    @contextmanager
    def acting_as(self, function: str) -> Iterator[None]:
        """Within, this thread's calls are those of `function`, by its logical id in the template."""
        if function not in self._roles:
            raise Unknown(f"function {function}")
        before = self._acting.set(function)
        with self._lock:
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1
            self._acting.reset(before)

    def unused_grants(self, function: str) -> list[Grant]:
        """The grants of `function`'s role that no call has used yet. Once every operation has run, they are needless.

        A call needs what any reading of it needs (`Reader.readings`): a transaction that puts A and deletes B also
        needs "put B" and "delete A", because AWS may evaluate each action against all keys of the transaction.
        """
        statements = [statement for statement in self._roles[function] if statement.allow]
        return sorted({grant for statement in statements for grant in statement.grants()} - self._used)

    def dispensable_statements(self, function: str) -> list[int]:
        """The statements of `function`'s role without which all of its calls so far would still be allowed."""
        role = self._roles[function]
        allowing = [statement for statement in role if statement.allow]
        without = {statement.index: [one for one in role if one is not statement] for statement in allowing}
        return [
            index
            for index, rest in without.items()
            if all(decide(rest, access).allowed for access in self._needed[function])
        ]

    def authorize(self, request: Request) -> Answer | None:
        """Returns AWS's denial if the role does not allow the request under every reading.

        Outside of `acting_as`, the caller is the test itself, which may do anything.
        """
        function = self._acting.get()
        if function is None:
            if self._running and threading.current_thread() is not threading.main_thread():
                # A thread that a function starts does not inherit the context, and would escape the role.
                raise Unknown("whose call this is: give the thread a contextvars.copy_context(), or acting_as")
            return None
        used: set[Grant] = set()
        needed: set[Access] = set()
        readings = self._reader.readings(request.service, request.operation or request.path, request.parameters)
        for reading, accesses in readings.items():
            for access in accesses:
                decision = decide(self._roles[function], access)
                if not decision.allowed:
                    denial = _denial(function, access, decision.reason)
                    self.refused.append(denial if len(readings) == 1 else f"{denial} (keys {reading})")
                    return refusal("AccessDeniedException", denial)
                used |= decision.used
                needed.add(access)
        with self._lock:
            self._used |= used
            self._needed[function] |= needed
        return None


def _denial(function: str, access: Access, reason: str) -> str:
    account = access.resource.split(":")[4]
    user = f"arn:aws:sts::{account}:assumed-role/{function}Role/{function}"
    return f"User: {user} is not authorized to perform: {access.action} on resource: {access.resource} {reason}"
