"""Searches every interleaving of functions at work on one session, with crashes, copies of writes, and lapsed leases.

The functions are the real code, from the session to the settled budget. A function runs until it calls AWS or the
target for something that its tape does not answer. Then the search decides what happens, and the function runs again
from its beginning with a longer tape. So a function in progress is a value, its tape, and the whole world is one, which
is visited once.
"""

import json
import os
from collections import Counter
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path

from shared.rules import message_log, turn
from shared.store import turn_items
from tests.turn import table_model
from tests.turn.functions import Functions, session_digest
from tests.turn.guarantees import Guarantees, sessions_in
from tests.turn.world import Asked, Function, Violation, World

# A message is sent so often after everything else is over.
_RESENT = turn.ATTEMPTS_MAX + 2


class Search:
    def __init__(self, scenario, patch=lambda request: request, only=""):
        """`patch` changes requests on their way to the table: the search must notice a condition that is gone.

        `only`: what it is to notice. It passes over everything else.
        """
        self._scenario = scenario
        self._patch = patch
        self._functions = Functions(scenario)
        self._guarantees = Guarantees(scenario, only)
        self._require = self._guarantees.require
        self._apply = cache(self._apply_anew)
        self._check = cache(self._guarantees.check)
        self._recover = cache(self._recover_anew)

    def run(self, monkeypatch):
        """Visits every state, or raises Violation. Returns their number."""
        self._functions.install(monkeypatch)
        with Path(os.devnull).open("w", encoding="utf-8") as metrics, redirect_stdout(metrics):
            return self._visit_all()

    def _visit_all(self):
        start = self._start()
        seen, left = {start}, [start]
        while left:
            world = left.pop()
            for following in self._following(world):
                if following not in seen:
                    seen.add(following)
                    left.append(following)
        return len(seen)

    def _start(self):
        items = table_model.EMPTY
        names = [name.rstrip(">!") for name in self._scenario.functions]
        for message_id in {session_digest(one): one for one in names}.values():
            items, _ = self._apply(items, self._functions.opening(message_id))
        asked = Counter()
        for message_id in self._scenario.before:
            items, _ = self._alone(Function("send", message_id, f"before {message_id}", (0, False)), items, asked)
        functions = [
            Function(_kind(name), name.rstrip(">!"), f"holder {number}")
            for number, name in enumerate(self._scenario.functions)
        ]
        return World(items, tuple(functions), self._scenario.faults, asked=frozenset(asked.items()))

    # What may happen next

    def _following(self, world):
        self._check(world.items, world.asked, world.is_deleted)
        if all(function.is_over for function in world.functions):
            if (world.faults.crashes, world.faults.copies) == self._scenario.faults[:2]:
                self._guarantees.check_end(world.items)
            self._recover(world.items, world.asked, world.lapsed, world.is_deleted)
        for number, function in enumerate(world.functions):
            if not function.is_over:
                yield from self._steps(world, number, function)
        for copy in world.late:
            items, _ = self._apply(world.items, copy)
            yield world._replace(items=items, late=world.late - {copy})
        if world.faults.lapses:
            yield world._replace(lapsed=world.lapsed + 1, faults=_less(world.faults, lapses=1))

    def _steps(self, world, number, function):
        if function.began is None:
            function = function._replace(began=(world.lapsed, world.is_deleted))
        request, _ = self._functions.run(function)
        faults = world.faults

        def on(items=world.items, answer=None, **changes):
            return self._advanced(world._replace(items=items, **changes), number, function, answer)

        over = function._replace(tape=(), is_over=True)
        if faults.crashes and function.tape:
            yield _with(world, number, over)._replace(faults=_less(faults, crashes=1))
        if request[0] == "Ask":
            yield from self._asked(world, function, on)
            return
        items, answer = self._apply(world.items, request)
        yield on(items, answer)
        if request[0] in {"GetItem", "Query"}:
            return
        # A token's use is counted without a guarantee: then no visitor is refused, and the count is wrong.
        must_succeed = "USAGE#" in request[1]
        if faults.crashes and not must_succeed:
            # The function gets no response from AWS, whether or not the write was done.
            yield on(items, ("unreachable",), faults=_less(faults, crashes=1))
            yield on(answer=("unreachable",), faults=_less(faults, crashes=1))
        if faults.copies:
            yield on(*self._apply(items, request), faults=_less(faults, copies=1))
            late = {"faults": _less(faults, copies=1), "late": world.late | {request}}
            yield on(items, answer, **late)
            if not must_succeed:
                yield on(answer=("unreachable",), **late)
            if faults.crashes:
                yield _with(world, number, over)._replace(**late)._replace(faults=_less(faults, crashes=1, copies=1))

    def _asked(self, world, function, on):
        self._require(not function.began[1], "a target was asked for a conversation that was deleted before")
        stored = _turn_of(world.items, function.message_id)
        if stored and stored.lease and stored.lease.holder == function.holder:
            self._require(stored.reply is None, "a target was asked for a message that had its reply")
        elif stored and stored.lease:
            self._require(
                world.lapsed > function.began[0], "a target was asked by a function that no longer held the turn"
            )
        if function.kind == "resume" and stored and stored.lease and stored.lease.holder == function.holder:
            is_same = stored.secret == f"before {function.message_id}"
            self._require(is_same, "a target was asked for another execution")
        for outcome in self._scenario.target:
            asked = Counter(dict(world.asked))
            asked[self._what(function, outcome)] += 1
            yield on(answer=(outcome,), asked=frozenset(asked.items()))

    def _what(self, function, outcome):
        return Asked(function.message_id, self._scenario.day(function.began[0]), outcome)

    def _advanced(self, world, number, function, answer):
        function = function._replace(tape=(*function.tape, answer))
        request, result = self._functions.run(function)
        if request is None:
            self._check_result(world, function, result)
            if function.kind == "delete" and result in {"deleted", "not_found"} and not world.is_deleted:
                world = world._replace(is_deleted=result == "deleted")
            function = function._replace(tape=(), is_over=True)
        return _with(world, number, function)

    def _apply_anew(self, items, request):
        """The items afterwards, and what the function is told."""
        operation, text = request
        operation, parameters = self._patch((operation, json.loads(text)))
        items, response = table_model.apply(items, operation, parameters)
        if isinstance(response, list):
            return items, ("failed", json.dumps(response[0]))
        return items, ("ok", json.dumps(response))

    def _alone(self, function, items, asked):
        """Runs a function with nothing else at work. Returns the items afterwards, and its result."""
        while True:
            request, result = self._functions.run(function)
            if request is None:
                if result == "budget_exhausted":
                    self._guarantees.check_exhausted(items, self._scenario.day(function.began[0]), is_alone=True)
                return items, result
            if request[0] == "Ask":
                outcome = self._scenario.target[0]
                asked[self._what(function, outcome)] += 1
                answer = (outcome,)
            else:
                items, answer = self._apply(items, request)
            function = function._replace(tape=(*function.tape, answer))

    # What must hold besides

    def _check_result(self, world, function, result):
        """When a function is over."""
        if function.kind in {"send", "resume"} and result.startswith("answered"):
            self._require(result in self._answers(function.message_id), "another message's reply")
            self._require(not function.began[1], "a deleted conversation answered")
        if result == "canceled":
            stored = _turn_of(world.items, function.message_id)
            is_ended = stored is None or stored.is_gone or (stored.reply and not stored.reply.text)
            self._require(is_ended, "a canceled answer did not end")
        if result == "in_progress":
            stored = _turn_of(world.items, function.message_id)
            is_own = stored and stored.lease and stored.lease.holder == function.holder
            self._require(not is_own, "a function stood in its own way")
        if result == "budget_exhausted":
            self._guarantees.check_exhausted(world.items, self._scenario.day(function.began[0]), is_alone=False)

    def _answers(self, message_id):
        return {f"answered {text}" for text in self._scenario.replies(message_id)}

    def _recover_anew(self, items, asked, lapsed, is_deleted):
        """When all functions are over: what an interrupted deletion and sending again make of it."""
        asked = Counter(dict(asked))
        lapsed += 1
        is_deleted |= any(item.get("is_gone") for item in table_model.items(items) if item["sk"] == "RECORD")
        if is_deleted:
            items, _ = self._alone(Function("delete", "", "", (lapsed, True)), items, asked)
        names = {name.rstrip(">!") for name in (*self._scenario.functions, *self._scenario.before)}
        for message_id in sorted(names - {"delete"}):
            for number in range(_RESENT):
                again = Function("send", message_id, f"again {message_id} {number}", (lapsed + number, is_deleted))
                items, result = self._alone(again, items, asked)
                self._check(items, frozenset(asked.items()), is_deleted)
            if is_deleted:
                self._require(result == "conversation_deleted", f"{message_id} in a deleted conversation: {result}")
            elif result == "paused":
                items = self._follow(message_id, items, asked, lapsed + _RESENT)
            elif result != "message_limit_reached":
                expected = self._answers(message_id) | {"attempts_exhausted", "budget_exhausted"}
                self._require(result in expected, f"{message_id} sent again: {result}")
        if not is_deleted:
            self._guarantees.check_recovered(items)

    def _follow(self, message_id, items, asked, lapsed):
        """A page that reads the calls again reports their outputs, until it has the answer."""
        result = "paused"
        for number in range(self._scenario.pauses):
            if result == "paused":
                function = Function("follow", message_id, f"follow {message_id} {number}", (lapsed + number, False))
                items, result = self._alone(function, items, asked)
                self._check(items, frozenset(asked.items()), is_deleted=False)
        expected = {f"answered to {message_id}", "budget_exhausted"}
        self._require(result in expected, f"{message_id} followed: {result}")
        return items


def _kind(name):
    return "delete" if name == "delete" else {">": "resume", "!": "cancel"}.get(name[-1], "send")


def _with(world, number, function):
    functions = (*world.functions[:number], function, *world.functions[number + 1 :])
    return world._replace(functions=functions)


def _less(faults, **fewer):
    return faults._replace(**{name: getattr(faults, name) - number for name, number in fewer.items()})


@cache
def _turn_of(items, message_id):
    """The turn at the place that the session's log has for the message."""
    found = table_model.items(items)
    (session,) = [one for one in sessions_in(found) if one.digest == session_digest(message_id)]
    entry = message_log.find(session.log, message_id)
    if entry is None:
        raise Violation(f"the session does not know {message_id}, which it has accepted")
    place = turn_items.key(session, entry.at)
    return next((turn_items.from_item(item) for item in found if (item["pk"], item["sk"]) == place), None)
