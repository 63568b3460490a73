"""What may happen in the midst of a function's work: between two calls of AWS, or in the place of one."""

import contextlib
import itertools
import json

import pytest
from botocore.awsrequest import AWSResponse

from tests.aws import CLIENTS


class Crash(BaseException):
    """The function is gone: nothing that it would do about it happens."""


@pytest.fixture
def at_call():
    """`at_call(3, act)`: just before AWS's third call from now, `act()` happens once; "after": right after it."""
    with contextlib.ExitStack() as until_the_end:

        def at_call(number, act, when="before"):
            passed = itertools.count(1)

            def look(**_event):
                return act() if next(passed) == number else None

            _watch(until_the_end, f"{when}-call", look)

        yield at_call


@pytest.fixture
def contended():
    """`contended("USAGE#", times=1)`: transactions that write such an item meet another one that does."""
    with contextlib.ExitStack() as until_the_end:

        def contended(partition, times=None):
            met = itertools.count(1)

            def look(model, params, **_event):
                if model.name != "TransactWriteItems":
                    return None
                parts = [part for item in json.loads(params["body"])["TransactItems"] for part in item.values()]
                keys = [(part.get("Key") or part["Item"])["pk"]["S"] for part in parts]
                codes = ["TransactionConflict" if key.startswith(partition) else "None" for key in keys]
                if "TransactionConflict" not in codes or (times and next(met) > times):
                    return None
                return cancelled(*codes)

            _watch(until_the_end, "before-call", look)

        yield contended


def cancelled(*codes):
    """AWS's answer to a transaction that it has not done: a reason for each of its parts."""
    parsed = {
        "Error": {"Code": "TransactionCanceledException", "Message": "Transaction cancelled"},
        "CancellationReasons": [{"Code": code} for code in codes],
        "ResponseMetadata": {"HTTPStatusCode": 400, "HTTPHeaders": {}, "RetryAttempts": 0},
    }
    return AWSResponse("", 400, {}, None), parsed


def _watch(until_the_end, event, look):
    for client in CLIENTS:
        client.register(event, look)
        until_the_end.callback(client.unregister, event, look)
