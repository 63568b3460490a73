"""Searches every interleaving of functions at work on one session, with crashes, copies of writes, and lapsed leases.

The functions are the real code of the store and the rules. A function runs until it calls AWS for something that its
tape does not answer. Then the search decides what happens, and the function runs again from its beginning with a
longer tape. So a function in progress is a value, its tape, and the whole world is one, which is visited once.
"""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from shared.errors import ApiError, TooManyRequests
from shared.rules import message_log, turn
from shared.rules.answer import Ending
from shared.rules.client_token import ClientToken
from shared.rules.session import Session
from shared.rules.target_request import Message
from shared.rules.token_settings import TokenSettings
from shared.store import conversation_deletion, daily_budgets, sessions, table, turn_items, turns
from tests.turn import table_model
from tests.turn.world import Client, Function, Pending, Violation, World

START = datetime(2027, 1, 31, 12, tzinfo=UTC)
# So much later every lease has ended.
LAPSE = timedelta(seconds=40)
_DEADLINE = timedelta(seconds=30)
# Of one reply, in any unit.
WORST_CASE, COST = 3, 2
TENANT, CONVERSATION = "tenant", "conv_1"
# A message is sent so often after everything else is over.
_RESENT = turn.ATTEMPTS_MAX + 2


class Search:
    def __init__(self, scenario, patch=lambda request: request, only=""):
        """`patch` changes requests on their way to the table: the search must notice a condition that is gone.

        `only`: what it is to notice. It passes over everything else.
        """
        self._scenario = scenario
        self._only = only
        self._patch = patch
        self._client = Client()
        self.conditions = set()
        self._run = cache(self._run_anew)
        self._apply = cache(self._apply_anew)
        self._check_items = cache(self._check_items_anew)
        self._recover = cache(self._recover_anew)
        self._token = _token(scenario.max_messages)
        self.visited = 0

    def run(self, monkeypatch, most=None):
        """Visits every state, or raises Violation. Returns their number."""
        monkeypatch.setattr(table, "_client", lambda: self._client)
        monkeypatch.setattr(table, "name", lambda: "table")
        monkeypatch.setattr(table, "pause", lambda *_: None)
        monkeypatch.setenv("CONVERSATION_RETENTION_DAYS", "90")
        start = self._start()
        seen, left = {start}, [start]
        while left:
            world = left.pop()
            for following in self._following(world):
                if following not in seen:
                    seen.add(following)
                    left.append(following)
            if most and len(seen) > most:
                break
        self.visited = len(seen)
        return self.visited

    def _start(self):
        items = frozenset()
        for name in sorted({_session(one) for one in self._scenario.functions}):
            items = self._opened(items, name)
        asked = Counter()
        for message_id in self._scenario.before:
            items, _ = self._alone(Function("send", message_id, f"before {message_id}", (0, False)), items, asked)
        functions = [
            Function("delete" if name == "delete" else "send", name, f"holder {number}")
            for number, name in enumerate(self._scenario.functions)
        ]
        return World(items, tuple(functions), self._scenario.faults, asked=frozenset(asked.items()))

    def _opened(self, items, name):
        opened = Session(
            digest=name,
            tenant=TENANT,
            token_id="ct_1",
            jti="jti",
            origin="",
            target_id="flow",
            conversation_id=CONVERSATION,
            idle_until=START + timedelta(minutes=30),
        )
        self._client.begin(())
        with pytest.raises(Pending) as pending:
            sessions.save(opened)
        return self._apply(items, pending.value.request)[0]

    # What may happen next

    def _following(self, world):
        self._check_items(world.items, world.asked, world.is_deleted)
        if all(function.is_over for function in world.functions):
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
        request, _ = self._run(function)
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
        asked = Counter(dict(world.asked))
        asked[function.message_id] += 1
        if self._scenario.target == "answers":
            yield on(answer=("ok", f"to {function.message_id}"), asked=frozenset(asked.items()))
        else:
            yield on(answer=("unreachable",), asked=frozenset(asked.items()))

    def _advanced(self, world, number, function, answer):
        function = function._replace(tape=(*function.tape, answer))
        request, result = self._run(function)
        if request is None:
            self._check_result(world, function, result)
            if function.kind == "delete" and result in {"deleted", "not_found"} and not world.is_deleted:
                world = world._replace(is_deleted=result == "deleted")
            function = function._replace(tape=(), is_over=True)
        return _with(world, number, function)

    # Running a function, and the table

    def _run_anew(self, function):
        """(the request that it waits for, None) or (None, its result)."""
        self._client.begin(function.tape)
        at = START + function.began[0] * LAPSE
        try:
            if function.kind == "delete":
                conversation_deletion.delete(TENANT, CONVERSATION, at=at)
                return None, "deleted"
            return None, self._send(function.message_id, function.holder, at)
        except Pending as pending:
            return pending.request, None
        except ApiError as error:
            return None, error.code

    def _send(self, message_id, holder, at):
        """What chat does with a message, as far as it concerns its turn."""
        current = sessions.find(_session(message_id), at=at)
        message = Message(id=message_id, role="user", text=f"text of {message_id}", at=at)
        stored = turns.find(current, message_id, at=at)
        lease = turn.lease(holder, at + _DEADLINE)
        begun = turns.begin(current, self._token, message, lease, stored=stored, at=at)
        if begun.reply is None:
            reservation = self._reserve(current, begun, lease, at)
            with turns.held(current, begun):
                text = self._client.ask(message_id)
                begun = turns.complete(current, turn.answered(begun, f"reply {holder}", text, Ending()))
            if reservation:
                daily_budgets.settle(reservation, COST)
        return f"answered {begun.reply.text}"

    def _reserve(self, current, begun, lease, at):
        most = self._scenario.daily_budget
        if most is None:
            return None
        reservation = None
        try:
            reservation = daily_budgets.reserve("ct_1", lease, worst_case=WORST_CASE, most=most, at=at)
            if reservation is None:
                raise TooManyRequests(code="budget_exhausted")
        except ApiError:
            turns.withdraw(current, begun)
            raise
        return reservation

    def _apply_anew(self, items, request):
        """The items afterwards, and what the function is told."""
        operation, text = request
        operation, parameters = self._patch((operation, json.loads(text)))
        self.conditions.add(parameters.get("ConditionExpression"))
        items, response = table_model.apply(items, operation, parameters)
        if isinstance(response, list):
            return items, ("failed", json.dumps(response[0]))
        return items, ("ok", json.dumps(response))

    def _alone(self, function, items, asked):
        """Runs a function with nothing else at work. Returns the items afterwards, and its result."""
        while True:
            request, result = self._run(function)
            if request is None:
                return items, result
            if request[0] == "Ask":
                asked[function.message_id] += 1
                works = self._scenario.target == "answers"
                answer = ("ok", f"to {function.message_id}") if works else ("unreachable",)
            else:
                items, answer = self._apply(items, request)
            function = function._replace(tape=(*function.tape, answer))

    # What must hold

    def _check_items_anew(self, items, asked, is_deleted):
        """In every state."""
        found = table_model.items(items)
        for session in _sessions(found):
            self._require(session.message_count <= self._scenario.max_messages, "more messages than the budget allows")
            entries = [session.log[start : start + 13] for start in range(0, len(session.log), 13)]
            self._require(len({entry[:6] for entry in entries}) == len(entries), "a message was paid for twice")
            times = [entry[6:] for entry in entries]
            self._require(times == sorted(set(times)), "messages out of order")
        messages = [item for item in found if item["sk"].startswith("MESSAGE#")]
        if not all("text" in item or "is_gone" in item for item in messages):
            raise Violation("a turn without a message")
        stored = [turn_items.from_item(item) for item in messages]
        alive = {one.message.id: one for one in stored if not one.is_gone}
        self._require(len(alive) == sum(not one.is_gone for one in stored), "a message was stored twice")
        for message_id, one in alive.items():
            times = dict(asked).get(message_id, 0)
            self._require(
                times <= one.attempts, f"{message_id} was asked {times} times and counted {one.attempts} times"
            )
            self._require(one.attempts <= 5, "more than five attempts")
            if one.reply:
                self._require(one.reply.text == f"to {message_id}", "a reply to another message")
        if is_deleted:
            self._require(not any("reply" in item for item in found), "a reply in a deleted conversation")
        if self._scenario.daily_budget is not None:
            self._check_dollars(found, asked)
        accepted = sum(session.message_count for session in _sessions(found))
        self._require(_counted(found) <= accepted, "the record counts too many messages")

    def _check_dollars(self, found, asked):
        held = sum(item.get("held", 0) for item in found)
        self._require(held <= self._scenario.daily_budget, "more is held than the daily budget")
        spent = COST * sum(dict(asked).values())
        self._require(spent <= held, "more was spent than is held")
        reserved = sum(value for item in found for name, value in item.items() if name.startswith("reserved_"))
        self._require(held - reserved <= spent, "more is held than was spent and is reserved")

    def _check_result(self, world, function, result):
        """When a function is over."""
        if function.kind == "send" and result.startswith("answered"):
            self._require(result == f"answered to {function.message_id}", "another message's reply")
            self._require(not function.began[1], "a deleted conversation answered")
        if result == "in_progress":
            stored = _turn_of(world.items, function.message_id)
            is_own = stored and stored.lease and stored.lease.holder == function.holder
            self._require(not is_own, "a function stood in its own way")

    def _recover_anew(self, items, asked, lapsed, is_deleted):
        """When all functions are over: what an interrupted deletion and sending again make of it."""
        asked = Counter(dict(asked))
        lapsed += 1
        found = table_model.items(items)
        is_deleted |= any(item.get("is_gone") for item in found if item["sk"] == "RECORD")
        if is_deleted:
            items, _ = self._alone(Function("delete", "", "", (lapsed, True)), items, asked)
        for message_id in sorted({*self._scenario.functions, *self._scenario.before} - {"delete"}):
            for number in range(_RESENT):
                again = Function("send", message_id, f"again {message_id} {number}", (lapsed + number, is_deleted))
                items, result = self._alone(again, items, asked)
                self._check_items(items, frozenset(asked.items()), is_deleted)
            if is_deleted:
                self._require(result == "session_ended", f"{message_id} in a deleted conversation: {result}")
            elif result != "message_limit_reached":
                expected = {f"answered to {message_id}", "attempts_exhausted", "budget_exhausted"}
                self._require(result in expected, f"{message_id} sent again: {result}")
        found = table_model.items(items)
        if not is_deleted:
            accepted = sum(session.message_count for session in _sessions(found))
            self._require(_counted(found) == accepted, "the record counts too few messages")
        (conversations,) = [item["conversation_count"] for item in found if "conversation_count" in item] or [0]
        self._require(is_deleted or conversations == 1, f"one conversation was counted {conversations} times")

    def _require(self, holds, otherwise):
        if not holds and self._only in otherwise:
            raise Violation(otherwise)


def _with(world, number, function):
    functions = (*world.functions[:number], function, *world.functions[number + 1 :])
    return world._replace(functions=functions)


def _less(faults, **fewer):
    return faults._replace(**{name: getattr(faults, name) - number for name, number in fewer.items()})


def _session(message_id):
    """The session of a message: "b2" is of the second."""
    return "second" if message_id.endswith("2") else "first"


def _sessions(found):
    return [sessions.from_item(item) for item in found if item["pk"].startswith("SESSION#")]


@cache
def _turn_of(items, message_id):
    """The turn at the place that the session's log has for the message."""
    found = table_model.items(items)
    (session,) = [one for one in _sessions(found) if one.digest == _session(message_id)]
    entry = message_log.find(session.log, message_id)
    if entry is None:
        raise Violation(f"the session does not know {message_id}, which it has accepted")
    place = turn_items.key(session, entry.at)
    return next((turn_items.from_item(item) for item in found if (item["pk"], item["sk"]) == place), None)


def _counted(found):
    return sum(value for item in found for name, value in item.items() if name.startswith("count_"))


def _token(max_messages):
    settings = TokenSettings(name="n", allowed_origins=("*",), max_messages_per_session=max_messages)
    return ClientToken(
        id="ct_1",
        tenant=TENANT,
        environment="live",
        product_surface_id=None,
        settings=settings,
        issued_value=None,
        created_at=START,
        updated_at=START,
    )
