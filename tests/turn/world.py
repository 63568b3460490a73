"""The world that the search walks through: values, so that a state is visited once. And AWS as a function sees it."""

import json
from typing import NamedTuple

from shared.aws.client import AwsErrorResponse, Unreachable
from shared.errors import TargetFailed


class Violation(Exception):  # noqa: N818 - what the search is for
    pass


class Pending(BaseException):
    """A function waits for the answer to this request."""

    def __init__(self, request):
        self.request = request
        super().__init__()


class Function(NamedTuple):
    """`began`: the time, and whether the conversation was deleted by then. `tape`: the answers that it has had."""

    kind: str
    message_id: str
    holder: str
    began: tuple | None = None
    tape: tuple = ()
    is_over: bool = False


class Faults(NamedTuple):
    crashes: int = 0
    copies: int = 0
    lapses: int = 0


class World(NamedTuple):
    """`late`: copies of writes that still travel. `asked`: how often the target was, by message."""

    items: frozenset
    functions: tuple
    faults: Faults
    late: frozenset = frozenset()
    lapsed: int = 0
    asked: frozenset = frozenset()
    is_deleted: bool = False


class Scenario(NamedTuple):
    """`functions`: what is at work at the same time: ids of messages, or "delete". `before`: messages sent before."""

    functions: tuple
    faults: Faults
    before: tuple = ()
    max_messages: int = 100
    target: str = "answers"
    daily_budget: int | None = None


class Client:
    """AWS as a function in progress sees it."""

    def begin(self, tape):
        self._left = list(tape[::-1])

    def call(self, operation, parameters):
        sent = {name: value for name, value in parameters.items() if name != "ClientRequestToken"}
        kind, *told = self._next((operation, json.dumps(sent, sort_keys=True)))
        if kind == "unreachable":
            raise Unreachable(operation, "no answer")
        if kind == "failed":
            reason = {"Item": json.loads(told[0])}
            if operation == "TransactWriteItems":
                reasons = [{"Code": "ConditionalCheckFailed"} | reason]
                raise AwsErrorResponse(operation, 400, "TransactionCanceledException", {"CancellationReasons": reasons})
            raise AwsErrorResponse(operation, 400, "ConditionalCheckFailedException", reason)
        return json.loads(told[0])

    def ask(self, message_id):
        kind, *told = self._next(("Ask", message_id))
        if kind == "unreachable":
            raise TargetFailed
        return told[0]

    def _next(self, request):
        if not self._left:
            raise Pending(request)
        return self._left.pop()
