"""The world that the search walks through: values, so that a state is visited once. And what a function sees of it."""

import json
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pydantic import BaseModel

from shared.aws.client import AwsErrorResponse, Unreachable
from shared.rules.answer import Declined, Ending, ToolCall, ToolCalls, Usage

NOON = datetime(2027, 1, 31, 12, tzinfo=UTC)
# So much later every lease has ended.
LAPSE = timedelta(seconds=40)
# Of one answer, in output tokens, which are all that the target charges for.
WORST_CASE = 3
# What a target may do when it is asked, and what that costs. It may charge the worst for an answer that is lost.
COSTS = {"answers": 2, "refuses": 0, "declines": 1, "fails": WORST_CASE, "is cut": WORST_CASE}


class Violation(Exception):  # noqa: N818 - what the search is for
    pass


class Pending(BaseException):
    """A function waits for the answer to this request."""

    def __init__(self, request):
        self.request = request
        super().__init__()


class Function(NamedTuple):
    """`began`: how many leases had ended, and whether the conversation was deleted by then. `tape`: the answers that it
    has had.
    """

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


class Asked(NamedTuple):
    """One way in which the target was asked. `day`: that of the request's arrival, which pays for it."""

    message_id: str
    day: str
    outcome: str


class World(NamedTuple):
    """`late`: copies of writes that still travel. `asked`: pairs of Asked and how often."""

    items: frozenset
    functions: tuple
    faults: Faults
    late: frozenset = frozenset()
    lapsed: int = 0
    asked: frozenset = frozenset()
    is_deleted: bool = False


class Scenario(NamedTuple):
    """`functions`: what is at work at the same time: ids of messages, or "delete". `before`: messages sent before.

    `target`: what it may do each time; the first when nothing else is at work. `daily_budget`: in output tokens.
    `pauses`: how often it calls a tool of the page before it answers. "a>" reports its output for the message a, and
    "a!" cancels its answer.
    """

    functions: tuple
    faults: Faults
    before: tuple = ()
    max_messages: int = 100
    target: tuple = ("answers",)
    daily_budget: int | None = None
    start: datetime = NOON
    pauses: int = 0

    def replies(self, message_id):
        """The target says nothing before it calls, so a canceled answer is empty."""
        return {f"to {message_id}"} | ({""} if f"{message_id}!" in self.functions else set())

    def at(self, lapsed):
        return self.start + lapsed * LAPSE

    def day(self, lapsed):
        return f"{self.at(lapsed):%Y-%m-%d}"


class Client:
    """AWS and the target as a function in progress sees them."""

    def begin(self, tape):
        self._left = list(tape[::-1])
        self._waits_for = None

    def call(self, operation, parameters, _seconds_left=None):
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
        """What the target does."""
        (outcome,) = self._next(("Ask", message_id))
        return outcome

    def _next(self, request):
        if not self._left:
            # A function that is interrupted does nothing more, not even in `finally`.
            self._waits_for = self._waits_for or request
            raise Pending(self._waits_for)
        return self._left.pop()


class Kind:
    """A kind of target, which yields words, until it does what the search wants it to."""

    class Settings(BaseModel):
        max_tokens: int

    def __init__(self, client, pauses):
        self._client, self._pauses = client, pauses

    def answer(self, settings, request):
        outcome = self._client.ask(request.message.id)
        match outcome:
            case "refuses":
                raise AwsErrorResponse("Ask", 429, "ThrottlingException", {})
            case "fails":
                raise Unreachable("Ask", "no answer")
            case "declines":
                raise Declined(Usage(input_tokens=0, output_tokens=COSTS[outcome]))
            case "answers" if len(request.steps) < self._pauses:
                yield ToolCalls((ToolCall("ask", {}),), Usage(input_tokens=0, output_tokens=COSTS[outcome]))
                return
        yield "to "
        if outcome == "is cut":
            raise Unreachable("Ask", "the answer ends in the middle")
        yield request.message.id
        yield Ending(usage=Usage(input_tokens=0, output_tokens=COSTS[outcome]))
