"""Lines of functions are handed to those that subscribe to their log, as CloudWatch Logs does."""

import base64
import gzip
import json
import threading

import pytest

from infra.local import subscription
from infra.local.api import InvocationFailed
from infra.local.subscription import FilterPattern, Subscriptions
from infra.local.template import NotModeled
from tests.aws.in_memory import TEMPLATE

TOKEN = "ct_01m85tkcek9dh4b89k1xdr8rvw"
ANSWERED = json.dumps({"message": "answered", "token_id": TOKEN})
TIMEOUT_SECONDS = 60


def data(event):
    return json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))


class Invoked:
    """The events that functions got. `fails`: how often an invocation fails first."""

    def __init__(self, fails=0):
        self.events, self.fails, self.has_begun = [], fails, threading.Event()

    def __call__(self, name, event):
        self.events.append((name, data(event)))
        if len(self.events) <= self.fails:
            raise InvocationFailed("it crashed")

    @property
    def lines(self):
        return [one["message"] for _, batch in self.events for one in batch["logEvents"]]


@pytest.fixture
def run():
    """`run(invoked, ("Chat", line), ...)`: what was written by the end is delivered. Returns what was printed."""

    def run(invoked, *lines):
        printed = []
        subscriptions = Subscriptions(TEMPLATE, invoked, lambda name, line: printed.append((name, line)))
        for name, line in lines:
            subscriptions.take(name, line)
        subscriptions.stop()
        return printed

    return run


def test_lines_of_visitors_requests_are_handed_to_the_tally_function(run):
    invoked = Invoked()
    assert run(invoked, ("Chat", ANSWERED), ("InitSession", ANSWERED), ("Chat", ANSWERED)) == []
    assert {name for name, _ in invoked.events} == {"Tally"}
    assert {batch["messageType"] for _, batch in invoked.events} == {"DATA_MESSAGE"}
    assert sorted((batch["logStream"], len(batch["logEvents"])) for _, batch in invoked.events) == [
        ("Chat", 2), ("InitSession", 1)
    ]  # fmt: skip
    ids = [one["id"] for _, batch in invoked.events for one in batch["logEvents"]]
    assert len({*ids}) == 3


@pytest.mark.parametrize(
    "line",
    ["", "START RequestId: 1", "{", "[]", '"answered"', json.dumps({"message": "answered", "tenant": "acme"}),
     json.dumps({"message": "fault", "token_id": TOKEN}), json.dumps({"message": "answered", "token_id": 5}),
     json.dumps({"message": "answered", "token_id": "xct_1"})],
)  # fmt: skip
def test_other_lines_are_not_handed_over(run, line):
    invoked = Invoked()
    run(invoked, ("Chat", line))
    assert invoked.events == []


def test_lines_of_the_tally_function_are_not_handed_to_it(run):
    invoked = Invoked()
    run(invoked, ("Tally", ANSWERED))
    assert invoked.events == []


def test_failed_batch_is_handed_over_again_twice(run):
    invoked = Invoked(fails=2)
    printed = run(invoked, ("Chat", ANSWERED))
    assert len(invoked.events) == 3
    assert len({json.dumps(batch) for _, batch in invoked.events}) == 1
    assert [name for name, _ in printed] == ["Tally"] * 2


def test_batch_that_always_fails_does_not_stop_the_next(run):
    invoked = Invoked(fails=3)
    run(invoked, ("Chat", ANSWERED), ("InitSession", ANSWERED))
    assert [batch["logStream"] for _, batch in invoked.events] == ["Chat"] * 3 + ["InitSession"]


def test_3000_lines_are_three_batches(run):
    invoked = Invoked()
    run(invoked, *[("Chat", ANSWERED)] * 3000)
    assert len(invoked.lines) == 3000
    assert all(len(batch["logEvents"]) <= 1000 for _, batch in invoked.events)


def test_lines_that_come_while_a_batch_is_handled_follow(run):
    has_begun, may_end = threading.Event(), threading.Event()
    invoked = Invoked()

    def slow(name, event):
        invoked(name, event)
        has_begun.set()
        assert may_end.wait(TIMEOUT_SECONDS)

    subscriptions = Subscriptions(TEMPLATE, slow, print)
    subscriptions.take("Chat", ANSWERED)
    assert has_begun.wait(TIMEOUT_SECONDS)
    subscriptions.take("Chat", ANSWERED)
    may_end.set()
    subscriptions.stop()
    assert [len(batch["logEvents"]) for _, batch in invoked.events] == [1, 1]


@pytest.mark.parametrize(
    "pattern",
    ["", "ERROR", '{ $.a = "b" || $.c = "d" }', "{ $.a = 5 }", '{ $.a.b = "c" }', '{ $.a != "b" }', "[a, b]",
     '{ ($.a = "b") && $.c = "d" }'],
)  # fmt: skip
def test_pattern_that_is_not_modeled_is_refused(pattern):
    with pytest.raises(NotModeled, match="filter pattern"):
        FilterPattern.parse(pattern)


def test_pattern_compares_whole_values():
    pattern = FilterPattern.parse('{ $.a = "b.*" && $.c = "d" }')
    assert pattern.matches('{"a": "b.x", "c": "d"}')
    assert not pattern.matches('{"a": "bxx", "c": "d"}')
    assert not pattern.matches('{"a": "b.x", "c": "de"}')


def test_only_the_tally_function_subscribes():
    (one,) = subscription.read(TEMPLATE)
    assert (one.function, one.group) == ("Tally", "FunctionLogs")
