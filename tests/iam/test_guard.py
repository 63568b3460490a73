"""While a function runs, its role is enforced, and denials have AWS's words."""

import contextvars
import threading

import pytest

from shared.aws import client as aws
from shared.aws.client import AwsErrorResponse
from shared.aws.json_client import JsonClient
from tests.aws.network import Answer, Network
from tests.iam.guard import Guard
from tests.iam.role import Unknown
from tests.iam.sample import GET, GET_TOKENS, ON_TABLE, TABLE, VALUES, allow, template, under


@pytest.fixture
def network():
    """Requests that pass the guard get an empty response."""
    return Network(lambda *_: Answer(200, {}))


@pytest.fixture
def client(network, monkeypatch):
    monkeypatch.setattr(aws, "HTTPSConnection", network.connection)
    return JsonClient("dynamodb", "DynamoDB_20120810", "1.0")


def _get(client, pk="TOKEN#1"):
    return client.call("GetItem", {"TableName": "stack-Table", "Key": {"pk": {"S": pk}, "sk": {"S": "RECORD"}}})


@pytest.fixture
def guard(network):
    guard = Guard(template(GET_TOKENS, allow("dynamodb:PutItem", ON_TABLE, Condition=under("A#*", "B#*"))), VALUES)
    with network.hooked(guard.authorize):
        yield guard


def test_denial_is_the_error_that_aws_returns(client, guard):
    with guard.acting_as("Chat"), pytest.raises(AwsErrorResponse) as caught:
        _get(client, "APIKEY#1")
    assert caught.value.code == "AccessDeniedException"
    assert f"is not authorized to perform: dynamodb:GetItem on resource: {TABLE} because" in str(caught.value)
    assert guard.refused == [str(caught.value)]


def test_transaction_is_denied_if_one_part_is(client, guard):
    on = {"TableName": "stack-Table"}
    items = [{"Put": on | {"Item": {"pk": {"S": "A#1"}}}}, {"Delete": on | {"Key": {"pk": {"S": "A#1"}}}}]
    with guard.acting_as("Chat"), pytest.raises(AwsErrorResponse, match="dynamodb:DeleteItem"):
        client.call("TransactWriteItems", {"TransactItems": items})
    assert {grant.leading_key for grant in guard.unused_grants("Chat")} == {"TOKEN#*", "A#*", "B#*"}


WRITES = ["dynamodb:PutItem", "dynamodb:DeleteItem"]
PUT_A_DELETE_B = [{"Put": {"Item": {"pk": {"S": "A#1"}}}}, {"Delete": {"Key": {"pk": {"S": "B#1"}}}}]
PUT_A_PUT_B = [{"Put": {"Item": {"pk": {"S": "A#1"}}}}, {"Put": {"Item": {"pk": {"S": "B#1"}}}}]


def _on(*statements):
    return [allow(actions, ON_TABLE, Condition=under(*keys)) for actions, *keys in statements]


@pytest.mark.parametrize(
    ("statements", "items", "refused_reading"),
    [
        pytest.param(_on((WRITES, "A#*", "B#*")), PUT_A_DELETE_B, None, id="all actions under all keys"),
        pytest.param(_on((WRITES[0], "A#*", "B#*")), PUT_A_PUT_B, None, id="one action under all keys"),
        pytest.param(_on((WRITES, "A#*")), PUT_A_DELETE_B, "per item", id="key of another function"),
        pytest.param(_on((WRITES[0], "A#*"), (WRITES[0], "B#*")), PUT_A_PUT_B, "per action", id="statement per key"),
        pytest.param(
            _on((WRITES[0], "A#*"), (WRITES[1], "B#*")), PUT_A_DELETE_B, "per transaction", id="statement per action"
        ),
    ],
)
def test_role_must_pass_under_every_reading(client, network, statements, items, refused_reading):
    guard = Guard(template(*statements), VALUES)
    parts = [{kind: part | {"TableName": "stack-Table"} for kind, part in item.items()} for item in items]
    with network.hooked(guard.authorize), guard.acting_as("Chat"):
        if refused_reading is None:
            client.call("TransactWriteItems", {"TransactItems": parts})
            assert guard.unused_grants("Chat") == []
            assert guard.dispensable_statements("Chat") == []
        else:
            with pytest.raises(AwsErrorResponse):
                client.call("TransactWriteItems", {"TransactItems": parts})
            assert [denial.endswith(f"(keys {refused_reading})") for denial in guard.refused] == [True]


def test_grant_is_unused_until_a_call_needs_it(client, guard):
    _get(client)
    assert [grant.leading_key for grant in guard.unused_grants("Chat")] == ["TOKEN#*", "A#*", "B#*"]
    with guard.acting_as("Chat"):
        _get(client)
        client.call("PutItem", {"TableName": "stack-Table", "Item": {"pk": {"S": "B#1"}}})
    assert [grant.leading_key for grant in guard.unused_grants("Chat")] == ["A#*"]


def test_duplicate_grant_is_unused_once(client, network):
    guard = Guard(template(GET_TOKENS, GET), VALUES)
    with network.hooked(guard.authorize), guard.acting_as("Chat"):
        _get(client)
    assert [grant.statement for grant in guard.unused_grants("Chat")] == [1]


def test_test_code_outside_a_function_may_call_anything(client, guard):
    with guard.acting_as("Chat"):
        pass
    assert _get(client, "APIKEY#1") == {}


def test_unknown_function_cannot_act(guard):
    with pytest.raises(Unknown), guard.acting_as("Dor"):
        pass


def _in_a_thread(work):
    outcome = []

    def run():
        try:
            outcome.append(work())
        except Exception as error:  # noqa: BLE001 - carried to the test's own thread
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return outcome[0]


def test_each_thread_acts_as_its_own_function(client, guard):
    def call():
        with guard.acting_as("Chat"):
            return _get(client, "APIKEY#1")

    assert isinstance(_in_a_thread(call), AwsErrorResponse)
    with guard.acting_as("Chat"):
        context = contextvars.copy_context()
        assert isinstance(_in_a_thread(lambda: context.run(_get, client, "APIKEY#1")), AwsErrorResponse)


def test_thread_cannot_escape_the_role_of_its_function(client, guard):
    with guard.acting_as("Chat"):
        assert isinstance(_in_a_thread(lambda: _get(client, "APIKEY#1")), Unknown)
    assert _in_a_thread(lambda: _get(client, "APIKEY#1")) == {}
