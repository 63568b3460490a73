"""Events that interrupt a function: between two AWS calls, or instead of one."""

import contextlib
import itertools

import pytest

from tests.aws.network import NETWORK, refusal
from tests.functions.page import assert_interrupted


class Crash(BaseException):
    """The function crashes: none of its error handling runs."""


@pytest.fixture
def at_call():
    """`at_call(3, act)`: runs `act()` once, just before the third AWS call from now. "after": right after it."""
    with contextlib.ExitStack() as until_the_end:

        def at_call(number, act, when="before"):
            passed = itertools.count(1)
            met = []

            def look(request, _answer=None):
                if request.attempt == 1:
                    met[:] = [next(passed)]
                return act() if met == [number] else None

            until_the_end.enter_context(NETWORK.hooked(**{when: look}))

        yield at_call


@pytest.fixture
def crash_after(at_call):
    """Within `crash_after(3)`, the function crashes after the response to its third AWS call, if it makes that many."""

    @contextlib.contextmanager
    def crash_after(number):
        is_armed = True

        def crash():
            if is_armed:
                raise Crash

        at_call(number, crash, "after")
        with contextlib.suppress(Crash):
            yield
        is_armed = False

    return crash_after


@pytest.fixture
def interrupted(calls, at_call):
    """`interrupted(say)`: an answer that is not stored, because AWS does not answer the last call about it."""

    def interrupted(say):
        calls.clear()
        assert say().status_code == 200

        def fail():
            raise ConnectionRefusedError

        at_call(len(calls), fail)
        assert_interrupted(say(), "unavailable")

    return interrupted


@pytest.fixture
def contended():
    """`contended("USAGE#", times=1)`: transactions that write such an item conflict with another one, or fail for the
    given `reason`.
    """
    with contextlib.ExitStack() as until_the_end:

        def contended(partition, times=None, reason="TransactionConflict"):
            met = itertools.count(1)

            def look(request):
                if request.operation != "TransactWriteItems":
                    return None
                parts = [part for item in request.parameters["TransactItems"] for part in item.values()]
                keys = [(part.get("Key") or part["Item"])["pk"]["S"] for part in parts]
                codes = [reason if key.startswith(partition) else "None" for key in keys]
                if reason not in codes or (times and next(met) > times):
                    return None
                return cancelled(*codes)

            until_the_end.enter_context(NETWORK.hooked(look))

        yield contended


@pytest.fixture
def busy():
    """`busy("USAGE#", times=1)`: single writes of such an item are refused with the `code` that is given."""
    with contextlib.ExitStack() as until_the_end:

        def busy(partition, times=None, code="TransactionConflictException"):
            met = itertools.count(1)

            def look(request):
                if request.operation not in {"PutItem", "UpdateItem"}:
                    return None
                key = (request.parameters.get("Key") or request.parameters["Item"])["pk"]["S"]
                if not key.startswith(partition) or (times and next(met) > times):
                    return None
                return refusal(code)

            until_the_end.enter_context(NETWORK.hooked(look))

        yield busy


def cancelled(*codes):
    """AWS's response to a canceled transaction: a reason for each of its parts."""
    return refusal("TransactionCanceledException", CancellationReasons=[{"Code": code} for code in codes])
