"""The functions at work in the search: the real code of chat and of a deletion, from the session to the last write.

A function runs until it calls AWS or the target for something that its tape does not answer.
"""

import sys
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest

from shared import replies
from shared.admission.messages import AdmittedMessage
from shared.errors import ApiError, Gone
from shared.rules import execution, message_log, turn
from shared.rules.answer import ToolCalls
from shared.rules.client_token import ClientToken
from shared.rules.client_tools import ClientTool
from shared.rules.execution_id import ExecutionId
from shared.rules.session import Session
from shared.rules.target import Target
from shared.rules.target_request import Message, PageInput
from shared.rules.token_settings import TokenSettings
from shared.store import conversation_deletion, executions, sessions, table, turn_items, turns
from tests.turn.world import WORST_CASE, Client, Kind, Pending

# The search stands in for Bedrock, of which a budget knows what an answer costs at most.
_KIND = "bedrock"
_SECONDS = 30
_TOOLS = (ClientTool("ask", "", {"type": "object"}),)
_TENANT, _CONVERSATION = "tenant", f"conv_{1:026}"


class Functions:
    def __init__(self, scenario):
        self._scenario = scenario
        self._client = Client()
        self._token = _token(scenario)
        self._target = Target(
            id="flow",
            tenant=_TENANT,
            kind=_KIND,
            settings={"max_tokens": WORST_CASE, "output_price": 1},
            created_at=scenario.start,
        )
        self.run = cache(self._run)

    def install(self, monkeypatch):
        monkeypatch.setattr(table, "_client", lambda: self._client)
        monkeypatch.setattr(table, "name", lambda: "table")
        monkeypatch.setattr(table, "pause", lambda *_: None)
        monkeypatch.setitem(sys.modules, f"shared.targets.{_KIND}", Kind(self._client, self._scenario.pauses))
        monkeypatch.setenv("CONVERSATION_RETENTION_DAYS", "90")
        monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "search")

    def opening(self, message_id):
        """The request that opens the message's session."""
        opened = Session(
            digest=session_digest(message_id),
            tenant=_TENANT,
            token_id=self._token.id,
            jti="jti",
            origin="",
            target_id=self._target.id,
            conversation_id=_CONVERSATION,
            idle_until=self._scenario.start + timedelta(minutes=30),
        )
        self._client.begin(())
        with pytest.raises(Pending) as pending:
            sessions.save(opened)
        return pending.value.request

    def _run(self, function):
        """(the request that it waits for, None) or (None, its result)."""
        self._client.begin(function.tape)
        at = self._scenario.at(function.began[0])
        try:
            if function.kind == "delete":
                conversation_deletion.delete(_TENANT, _CONVERSATION, at=at)
                return None, "deleted"
            if function.kind in {"resume", "follow"}:
                return None, self._resume(function, at)
            if function.kind == "cancel":
                return None, self._cancel(function, at)
            return None, self._send(function.message_id, function.holder, at)
        except Pending as pending:
            return pending.request, None
        except ApiError as error:
            return None, error.code

    def _send(self, message_id, holder, at):
        """What chat does with an admitted message."""
        current = sessions.find(session_digest(message_id), at=at)
        message = Message(id=message_id, role="user", text=f"text of {message_id}", at=at)
        stored = turns.find(current, message_id, at=at)
        lease = turn.lease(holder, at + timedelta(seconds=_SECONDS))
        begun = turns.begin(current, self._token, message, lease, stored=stored, at=at)
        target = None if begun.reply else self._target
        return self._answer(AdmittedMessage(self._token, current, begun, target, self._input(message), at))

    def _resume(self, function, at):
        """What resume does with an admitted page. One that follows has just read which execution waits."""
        current, wanted = self._execution(function, at)
        turn_key, record_key = executions.keys(current, wanted)
        item, record = table.get(turn_key, at=at), table.get(record_key, at=at)
        if record and record.get("is_gone"):
            raise Gone
        stored = turn_items.from_item(item)
        if function.kind == "follow":
            wanted = wanted._replace(secret=stored.secret)
        lease = turn.lease(function.holder, at + timedelta(seconds=_SECONDS))
        going_on = execution.go_on(stored, wanted, {"ask": "Green"}, lease, at)
        executions.go_on(current, stored, going_on)
        page_input = replace(execution.asked_with(going_on), tools=_TOOLS)
        return self._answer(
            AdmittedMessage(self._token, current, going_on, self._target, page_input, at, is_resumed=True)
        )

    def _cancel(self, function, at):
        """What a cancellation does for the visitor whose conversation it is."""
        current, wanted = self._execution(function, at)
        record = table.get(executions.keys(current, wanted)[1], at=at)
        if record and record.get("is_gone"):
            raise execution.unknown()
        stored = executions.find(current, wanted, at=at)
        canceled = execution.canceled(stored, wanted, turn.lease(function.holder, at), at)
        if canceled is None:
            return "goes on"
        executions.cancel(current, stored, canceled)
        return "canceled"

    def _execution(self, function, at):
        """The session, and the id of the execution that waited before."""
        current = sessions.find(session_digest(function.message_id), at=at)
        entry = message_log.find(current.log, function.message_id)
        secret = f"before {function.message_id}"
        return current, ExecutionId(entry.at, message_log.short_digest(current.digest), secret)

    def _input(self, message):
        return PageInput(message=message, tools=_TOOLS if self._scenario.pauses else ())

    def _answer(self, admitted):
        *words, ending = replies.stream(admitted, f"reply {admitted.turn.lease.holder}", lambda: _SECONDS)
        return "paused" if isinstance(ending, ToolCalls) else f"answered {''.join(words)}"


def session_digest(message_id):
    """Of the message's session: "b2" is of the second."""
    return "second" if message_id.endswith("2") else "first"


def _token(scenario):
    settings = TokenSettings(
        name="n",
        allowed_origins=("*",),
        max_messages_per_session=scenario.max_messages,
        # An output token costs a dollar per million.
        daily_budget=None if scenario.daily_budget is None else scenario.daily_budget / 1e6,
    )
    return ClientToken(
        id="ct_1",
        tenant=_TENANT,
        environment="live",
        product_surface_id=None,
        settings=settings,
        issued_value=None,
        created_at=scenario.start,
        updated_at=scenario.start,
    )
