"""Every fault of AWS at every call of every operation: an answer that says so, nothing half-written, a metric.

What an operation calls is found out by watching it undisturbed: a call that is added tomorrow is disturbed as well.
"""

import contextlib

import pytest

from tests.aws.network import NETWORK, refusal
from tests.functions.page import reply
from tests.functions.stored import messages, spent

LIST = "/v1/client-tokens"
SEED = {"name": "Web Client Token", "allowedOrigins": ["https://app.example.com"]}
READS = {"BatchGetItem", "GetItem", "Query", "GenerateMac"}


class World:
    """A tenant with a credential that is not yet known, a token, and an open page."""

    def __init__(self, api, caller, create, page):
        self.api, self.page = api, page
        self.newcomer = caller(api.tenant)
        self.token = create()
        self.path = f"{LIST}/{self.token.id}"
        self.session = page.open(self.token.value)
        self.once = {"Idempotency-Key": self.token.id}

    def say(self):
        return self.page.say(self.session, message_id="usr_1", assistantMessageId="ast_1")


OPERATIONS = {
    "authorize": lambda world: world.newcomer.get(LIST),
    "list": lambda world: world.api.get(LIST),
    "create": lambda world: world.api.post(LIST, SEED | {"flowIds": ["flow_echo"]}),
    "get": lambda world: world.api.get(world.path),
    "update": lambda world: world.api.put(world.path, {"name": "New", "flowIds": ["flow_echo"]}),
    "delete": lambda world: world.api.delete(world.path),
    "value": lambda world: world.api.get(f"{world.path}/token"),
    "regenerate": lambda world: world.api.post(f"{world.path}/regenerate"),
    "create, once": lambda world: world.api.post(LIST, SEED, **world.once),
    "regenerate, once": lambda world: world.api.post(f"{world.path}/regenerate", **world.once),
    "conversations": lambda world: world.api.get(f"{world.path}/conversations"),
    "init": lambda world: world.page.init(world.token.value),
    "chat": World.say,
    "chat with a function": World.say,
    "feedback": lambda world: world.page.rate(world.session, world.token.value),
}
# What can be done once only, in one world.
ONCE = {"authorize", "create, once", "regenerate, once", "delete", "chat", "chat with a function"}
# An attempt counts whatever becomes of it, and a visitor's message stays for the next time.
MAY_STAY = {
    "create": {"UpdateItem"},
    "create, once": {"UpdateItem"},
    "update": {"UpdateItem"},
    "delete": {"UpdateItem"},
    "value": {"UpdateItem"},
    "regenerate": {"UpdateItem"},
    "regenerate, once": {"UpdateItem"},
    "init": {"UpdateItem"},
    "chat": {"UpdateItem", "TransactWriteItems"},
    "chat with a function": {"UpdateItem", "TransactWriteItems"},
    "feedback": {"UpdateItem"},
}


# Whoever took a message over may have answered it sooner, and an answer waits for a table that is busy: no visitor sees
# such a fault at the last call.
GETS_OVER = {
    ("chat", "condition fails"),
    ("chat with a function", "condition fails"),
    ("chat", "throttled"),
    ("chat with a function", "throttled"),
}


def _raise(error):
    raise error


def _condition_fails(request):
    first = next(place for place, part in enumerate(_parts(request)) if "ConditionExpression" in part)
    reasons = [{"Code": "None"}] * first + [{"Code": "ConditionalCheckFailed"}]
    return refusal("TransactionCanceledException", CancellationReasons=reasons)


def _has_condition(request):
    """All conditions are in transactions."""
    assert "ConditionExpression" not in request.parameters
    return any("ConditionExpression" in part for part in _parts(request))


def _parts(request):
    """What a transaction consists of."""
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
    """Within, the call of this number meets the fault, however often it is sent; gives the writes that were done."""
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


def _calls(world, operation):
    made = []
    with NETWORK.hooked(made.append):
        assert OPERATIONS[operation](world).status_code < 300
    return made


@pytest.fixture
def world(api, caller, create, page, request):
    def make(operation):
        if operation == "chat with a function":
            request.getfixturevalue("assistant")
        return World(api, caller, create, page)

    return make


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_fault_is_answered_and_the_next_time_all_is_well(world, clock, output, operation, fault):
    here = world(operation)
    calls = _calls(here, operation)
    for number, request in enumerate(calls, 1):
        if fault == "condition fails" and not _has_condition(request):
            continue
        call = request.operation
        case = f"{operation}, {call or 'target'} ({number} of {len(calls)}) {fault}"
        here = world(operation) if operation in ONCE else here
        # So that the authorizer knows it, and its call is not in the way.
        here.api.get(here.path)
        output()
        with _disturbed(number, fault) as written:
            answer = OPERATIONS[operation](here)
        logged = output()
        if (operation, fault) in GETS_OVER and number == len(calls):
            assert answer.status_code == 200, f"{case}: {answer.text}"
        else:
            _assert_documented(answer, call, fault, case)
            assert '"Faults":[1.0]' in logged or fault == "condition fails", case
            assert fault == "answer lost" or set(written) <= MAY_STAY.get(operation, set()), case

        clock.forward(seconds=31)
        again = OPERATIONS[operation](here)
        is_done = (operation, call, fault) == ("delete", "TransactWriteItems", "answer lost")
        assert again.status_code == 404 if is_done else again.status_code < 300, f"{case}: then {again.text}"
        if operation.startswith("chat"):
            assert [text for *_, text in messages(here.session)] == ["Hello", reply(again)], case
            assert spent(here.session) == 1, case


def _assert_documented(answer, call, fault, case):
    if fault == "condition fails":
        assert (answer.status_code, answer.json["code"]) in {
            (401, "session_ended"),
            (403, "token_quota_reached"),
            (404, "not_found"),
            (409, "conflict"),
            (409, "in_progress"),
            (503, "unavailable"),
        }, f"{case}: {answer.text}"
    elif not call:
        assert answer.status_code == (504 if fault in {"times out", "answer lost"} else 502), f"{case}: {answer.text}"
    else:
        assert (answer.status_code, answer.json["code"]) == (503, "unavailable"), f"{case}: {answer.text}"
        assert answer.headers["Retry-After"].isdigit(), case
    assert {"error", "code", "requestId"} <= answer.json.keys(), case
