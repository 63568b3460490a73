"""The table that the search of turns believes in does what moto's does, request by request."""

import json
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.aws.client import AwsErrorResponse
from shared.errors import ApiError
from shared.rules import turn
from shared.rules.answer import Ending
from shared.rules.session import Session
from shared.rules.target_request import Message
from shared.store import conversation_deletion, daily_budgets, sessions, table, turns
from shared.store.attributes import deserialize
from tests.rules.test_client_token import token
from tests.turn import table_model

START = datetime(2027, 1, 31, 12, tzinfo=UTC)
STEPS = st.tuples(
    st.sampled_from(["answer", "fail", "crash", "delete", "reserve"]), st.sampled_from("abc"), st.integers(0, 2)
)


class Both:
    """Sends each request to moto, too, and compares."""

    def __init__(self, client):
        self._client = client
        self._items = table_model.EMPTY

    def call(self, operation, parameters, _seconds_left=None):
        self._items, expected = table_model.apply(self._items, operation, json.loads(json.dumps(parameters)))
        try:
            answer = self._client.call(operation, parameters)
        except AwsErrorResponse as error:
            reasons = error.answer.get("CancellationReasons", [error.answer])
            assert isinstance(expected, list), f"moto refuses {parameters}"
            assert deserialize(reasons[0].get("Item") or {}) == deserialize(expected[0] or {})
            raise
        assert not isinstance(expected, list), f"moto takes {parameters}"
        assert deserialize(answer.get("Item", {})) == deserialize(expected.get("Item", {}))
        assert [*map(deserialize, answer.get("Items", []))] == [*map(deserialize, expected.get("Items", []))]
        return answer


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, max_size=12))
def test_model_and_moto_agree_on_every_request_of_a_turn(monkeypatch, steps):
    both = Both(table._client())
    with monkeypatch.context() as patched:
        patched.setattr(table, "_client", lambda: both)
        _play(steps)


def _play(steps):
    name = secrets.token_hex(8)
    opened = Session(
        digest=name,
        tenant=name,
        token_id=f"ct_{name}",
        jti="jti",
        origin="",
        target_id="flow_1",
        conversation_id=f"conv_{name}",
        idle_until=START + timedelta(minutes=30),
    )
    sessions.save(opened)
    for number, (what, message_id, minutes) in enumerate(steps):
        at = START + timedelta(minutes=minutes)
        try:
            if what == "delete":
                conversation_deletion.delete(name, opened.conversation_id, at=at)
            elif what == "reserve":
                # A lease that is over: its reservation counts as spent.
                over = turn.lease(str(number // 2), START - timedelta(minutes=1))
                made = daily_budgets.reserve(opened.token_id, over, worst_case=3, most=7, at=START)
                daily_budgets.settle(made, number % 4)
            else:
                _send(what, message_id, name, str(number), at)
        except ApiError:
            pass


def _send(what, message_id, digest, holder, at):
    current = sessions.find(digest, at=at)
    if current is None:
        return
    message = Message(id=message_id, role="user", text="Hello", at=at)
    own = turn.lease(holder, at + timedelta(seconds=29))
    begun = turns.begin(current, token(), message, own, stored=turns.find(current, message_id, at=at), at=at)
    if begun.reply is None and what != "crash":
        with turns.held(current, begun):
            if what == "fail":
                raise ApiError
            turns.complete(current, turn.answered(begun, f"reply_{holder}", "Hi", Ending()))


def test_model_refuses_what_it_cannot_read():
    with pytest.raises(AssertionError, match="cannot read"):
        table_model.apply(
            table_model.EMPTY,
            "PutItem",
            {"Item": {"pk": {"S": "p"}, "sk": {"S": "s"}}, "ConditionExpression": "attribute_not_exists(pk) + 1"},
        )
