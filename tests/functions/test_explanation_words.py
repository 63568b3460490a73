"""What an explanation says to owners, word for word: what decided each question, and how to fix it."""

import pytest

from shared.rules import target
from shared.store import daily_budgets, table, targets
from tests.functions.page import ORIGIN
from tests.functions.test_explanation import counted, explain

UNASKED = ("Not checked, because no target would answer.", None)
PASSES = {
    "token_active": ("The token is switched on.", None),
    "token_not_expired": ("The token never expires.", None),
    "origin_allowed": (f"{ORIGIN} is among the token's allowed origins.", None),
    "target_allowed": ("flow_echo is the token's default.", None),
    "session_rate": ("The limit per address is 60 per minute. After this one, 59 more are possible now.", None),
    "message_rate": (
        "The limit per address is 10 per minute and 100 per hour. After this one, 9 more are possible now.",
        None,
    ),
    "target_available": ("flow_echo is registered as echo.", None),
    "daily_budget": ("The token has no daily budget.", None),
}
REFUSED_TARGET = {"target_available": UNASKED, "daily_budget": UNASKED}
NOT_ALLOWED = "{} is not among the token's flows and agents."


def words(api, token, **asked):
    return {one["question"]: (one["rule"], one["fix"]) for one in explain(api, token, **asked)["questions"]}


def test_token_that_admits_a_visitor(api, create):
    assert words(api, create(), origin=ORIGIN) == PASSES


def test_token_that_has_ended(api, create, clock):
    token = create(expiresAt="2027-02-01T00:00:00Z")
    before = words(api, token, origin=ORIGIN)
    assert before["token_not_expired"] == ("The token expires at 2027-02-01T00:00:00.000Z.", None)
    token.change(isActive=False)
    clock.forward(days=9)
    assert words(api, token, origin=ORIGIN) == PASSES | {
        "token_active": ("This client token is switched off.", "Set isActive to true."),
        "token_not_expired": (
            "The token expired at 2027-02-01T00:00:00.000Z.",
            "Set expiresAt to a later time, or to null for never.",
        ),
    }


@pytest.mark.parametrize(
    ("asked", "decided", "fix"),
    [
        ({"flowId": "flow_other"}, NOT_ALLOWED.format("flow_other"), "Add flow_other to flowIds."),
        ({"agentId": "agent_sales"}, NOT_ALLOWED.format("agent_sales"), "Add agent_sales to agentIds."),
        (
            {"agentId": "agent_gone"},
            NOT_ALLOWED.format("agent_gone"),
            "Register agent_gone as a target and add it to agentIds.",
        ),
    ],
)
def test_target_that_is_not_allowed(api, create, register, asked, decided, fix):
    register("flow_other")
    register("agent_sales")
    token = create()
    assert words(api, token, origin=ORIGIN, **asked) == PASSES | REFUSED_TARGET | {"target_allowed": (decided, fix)}
    named = words(api, token, origin=ORIGIN, flowId="flow_echo")
    assert named["target_allowed"] == ("flow_echo is among the token's flows and agents.", None)


def test_token_without_a_target(api, create):
    assert words(api, create(flowIds=[]), origin=ORIGIN) == PASSES | REFUSED_TARGET | {
        "target_allowed": ("The token has no flow and no agent.", "Add a flow to flowIds, or an agent to agentIds.")
    }


def test_target_that_is_gone(api, create):
    token = create()
    table.write(table.delete_write(targets.key(target.reference(api.tenant, "flow_echo"))))
    found = words(api, token, origin=ORIGIN)
    assert found["target_available"][1] == (
        "Register it with client-tokens targets register, or name another flow or agent in the token."
    )
    assert found["daily_budget"] == UNASKED


def test_rates(api, create, clock):
    token = create()
    table.put(counted(token, 60, clock.held))
    assert words(api, token, origin=ORIGIN)["session_rate"] == (
        "The limit per address is 60 per minute. This one would exceed it.",
        "Wait 66 seconds. This limit is the same for every token.",
    )
    without = ("Rates are per address, and none was given.", None)
    found = words(api, token, origin=ORIGIN, address=None)
    assert [found["session_rate"], found["message_rate"]] == [without, without]


def test_budgets(api, create, register, clock):
    register("flow_echo", call_price="0.03")
    token = create(dailyBudget=0.05)
    pk, sk = daily_budgets.key(token.id, clock.held)
    table.put({"pk": pk, "sk": sk, "held": 10_000_000_000})
    spent = "Of today's budget of $0.05, $0.01 is spent or reserved, and one answer can cost $0.03."
    assert words(api, token, origin=ORIGIN)["daily_budget"] == (spent, None)
    token.change(dailyBudget=0.03)
    assert words(api, token, origin=ORIGIN)["daily_budget"] == (
        spent.replace("$0.05", "$0.03"),
        "Raise dailyBudget, or wait for the next day in UTC.",
    )
    token.change(dailyBudget=0.01)
    assert words(api, token, origin=ORIGIN)["daily_budget"] == (
        "The most that one answer of this target can cost is unknown, or more than the whole daily budget.",
        "Raise dailyBudget, or register the target with prices and limits that bound the cost of an answer.",
    )
