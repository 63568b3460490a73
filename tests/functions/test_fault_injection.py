"""Every fault of AWS at every call of every operation: a documented error, nothing half-written, and a metric.

The calls are found by running each operation without a fault first, so calls that are added later are covered too.
"""

import contextlib
from dataclasses import dataclass

import pytest

from tests.aws.network import NETWORK, refusal
from tests.functions import paused
from tests.functions.page import assert_interrupted, assert_refused, reply
from tests.functions.stored import messages, spent
from tests.operations import BROWSER, BY_NAME, OPERATIONS, STREAMING, Operation

LIST = BY_NAME["ListClientTokens"]
READS = {"BatchGetItem", "GetItem", "Query", "GenerateMac"}


class World:
    """A tenant with a credential that is not yet known, a token, and an open page."""

    def __init__(self, api, caller, create, page):
        self.api, self.page = api, page
        self.newcomer = caller(api.tenant)
        self.token = create()
        opened = page.init(self.token.value, visitorHistory=True).json
        self.session, self.secret = opened["sessionId"], opened["visitor"]["token"]
        self.execution, self._conversation_id = None, ""
        api.said(self.token.id)

    def speak(self):
        """In another conversation of the same visitor, which a history then has."""
        opened = self.page.init(self.token.value, visitorToken=self.secret).json
        assert self.page.say(opened["sessionId"], assistantMessageId="ast_shown").status_code == 200
        self.session, self._conversation_id = opened["sessionId"], opened["conversationId"]

    def do(self, operation, **headers):
        if operation in BROWSER:
            shown = {"secret": self.secret, "conversation_id": self._conversation_id}
            return self.page.do(operation, self.token.value, self.session, self.execution, **shown)
        return self.api.do(operation, self.token.id, **headers)


@dataclass(frozen=True)
class Case:
    """An operation, and how to run it if not as usual. `stays`: what it may have written when it fails."""

    operation: Operation
    how: str = ""

    def __str__(self):
        return f"{self.operation}{self.how and ', '}{self.how}"

    def do(self, world):
        if self.how == NEWCOMER:
            return world.newcomer.do(self.operation)
        return world.do(self.operation, **({"Idempotency-Key": world.token.id} if self.how == KEYED else {}))

    @property
    def repeats(self):
        return self.operation.repeats and self.how not in {NEWCOMER, KEYED}

    @property
    def is_chat(self):
        return self.operation.name == "Chat"

    @property
    def streams(self):
        return self.operation.name in STREAMING

    @property
    def stays(self):
        """An attempt is counted whatever happens, and what a visitor sent is kept for a retry. A conversation that is
        marked as deleted is shown no more, and a retry deletes the rest.
        """
        match self.operation.name:
            case "Chat" | "LeaveFeedback":
                return {"UpdateItem", "PutItem"}
            case "DeleteConversation" | "DeleteVisitorConversation" | "DeleteVisitorConversations":
                return {"UpdateItem", "TransactWriteItems", "PutItem", "DeleteItem"}
        return {"UpdateItem"}


NEWCOMER, KEYED, FUNCTION = "by a newcomer", "with a key", "with a function"
CASES = [Case(operation) for operation in OPERATIONS]
CASES += [Case(operation, KEYED) for operation in OPERATIONS if operation.takes_key]
CASES += [Case(LIST, NEWCOMER), *(Case(case.operation, FUNCTION) for case in CASES if case.is_chat)]


def _raise(error):
    raise error


def _condition_fails(request):
    first = next(place for place, part in enumerate(_parts(request)) if "ConditionExpression" in part)
    reasons = [{"Code": "None"}] * first + [{"Code": "ConditionalCheckFailed"}]
    return refusal("TransactionCanceledException", CancellationReasons=reasons)


def _has_condition(request):
    """In a transaction. Those of single writes are searched in tests/turn."""
    return any("ConditionExpression" in part for part in _parts(request))


def _parts(request):
    """The parts of a transaction."""
    return [part for item in request.parameters.get("TransactItems", ()) for part in item.values()]


FAULTS = {
    "throttled": lambda _: refusal("ProvisionedThroughputExceededException"),
    "fails": lambda _: refusal("InternalServerError", status=500),
    "denied": lambda _: refusal("AccessDeniedException"),
    "times out": lambda _: _raise(TimeoutError()),
    "answer lost": lambda _: _raise(TimeoutError()),
    "condition fails": _condition_fails,
}


@contextlib.contextmanager
def _disturbed(number, fault):
    """Injects the fault into the call with this number and its retries; yields the writes that were applied."""
    seen = []
    written = []

    def meet(request, _answer=None):
        return FAULTS[fault](request) if len(seen) == number else None

    def count(request):
        if request.attempt == 1:
            seen.append(request.operation)

    def note(request, answer):
        if answer.status == 200 and request.operation not in {*READS, ""}:
            written.append(request.operation)

    late = fault == "answer lost"
    with NETWORK.hooked(count, note), NETWORK.hooked(**{"after" if late else "before": meet}):
        yield written


def _calls(world, case):
    made = []
    with NETWORK.hooked(made.append):
        assert case.do(world).status_code < 300
    return made


@pytest.fixture
def world(api, caller, create, page, request):
    def make(case):
        if case.how == FUNCTION:
            request.getfixturevalue("assistant")
        here = World(api, caller, create, page)
        if case.streams and not case.is_chat:
            here.execution = paused.execution(here.session)
        if case.operation.is_of_history:
            here.speak()
        if case.operation.name == "CancelExecution":
            here.execution = paused.execution(here.session)
        return here

    return make


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_fault_gets_a_documented_error_and_a_retry_succeeds(world, clock, output, case, fault):
    here = world(case)
    calls = _calls(here, case)
    for number, request in enumerate(calls, 1):
        if fault == "condition fails" and not _has_condition(request):
            continue
        call = request.operation
        what = f"{case}: {call or 'target'} ({number} of {len(calls)}) {fault}"
        here = here if case.repeats else world(case)
        # The authorizer then has the credential cached, and makes no call of its own.
        here.api.do(LIST)
        output()
        with _disturbed(number, fault) as written:
            answer = case.do(here)
        logged = output()
        if _is_tolerated(request, fault):
            assert answer.status_code == 200, f"{what}: {answer.text}"
        elif case.streams and number == len(calls):
            assert_interrupted(answer, "unavailable")
            assert '"Faults":[1.0]' in logged, what
        else:
            _assert_documented(answer, call, fault, what)
            assert '"Faults":[1.0]' in logged or fault == "condition fails", what
            assert fault == "answer lost" or set(written) <= case.stays, what

        clock.forward(seconds=31)
        again = case.do(here)
        is_over = case.streams and not case.is_chat and fault in {"answer lost", "throttled"}
        is_over |= case.operation.name == "CancelExecution" and fault == "answer lost"
        if is_over and number == len(calls):
            # The whole answer is stored: the message itself gets it.
            assert_refused(again, 409, "execution_not_paused")
            continue
        is_whole = number == len(calls) if "Conversation" in case.operation.name else call == "TransactWriteItems"
        is_gone = case.operation.method == "DELETE" and is_whole and fault == "answer lost"
        # None are left, which is no error.
        is_gone &= case.operation.name != "DeleteVisitorConversations"
        assert again.status_code == 404 if is_gone else again.status_code < 300, f"{what}: then {again.text}"
        if case.is_chat:
            assert [text for *_, text in messages(here.session)] == ["Hello", reply(again)], what
            assert spent(here.session) == 1, what


def _is_tolerated(request, fault):
    """A usage that cannot be counted refuses no visitor. A reply waits for a table that is throttled."""
    is_usage = request.operation == "UpdateItem" and request.parameters["Key"]["pk"]["S"].startswith("USAGE#")
    is_reply = request.parameters.get("UpdateExpression", "").startswith("SET reply")
    return is_usage or (is_reply and fault == "throttled")


def _assert_documented(answer, call, fault, what):
    if fault == "condition fails":
        assert (answer.status_code, answer.json["code"]) in {
            (401, "session_ended"),
            (403, "token_quota_reached"),
            (404, "not_found"),
            (404, "conversation_not_found"),
            (409, "conflict"),
            (409, "in_progress"),
            (503, "unavailable"),
        }, f"{what}: {answer.text}"
    elif not call:
        assert answer.status_code == (504 if fault in {"times out", "answer lost"} else 502), f"{what}: {answer.text}"
    else:
        assert (answer.status_code, answer.json["code"]) == (503, "unavailable"), f"{what}: {answer.text}"
        assert answer.headers["Retry-After"].isdigit(), what
    assert {"error", "code", "requestId"} <= answer.json.keys(), what
