"""Owners learn why a page is refused: the question that fails, what decided it, and an update that fixes it."""

from datetime import timedelta

import pytest

from shared.admission.rates import SESSIONS
from shared.rules import rate_limit
from shared.store import counters, daily_budgets, table
from tests.functions.page import ADDRESS, ORIGIN


def explain(api, token, **asked):
    answer = api.post(f"/v1/client-tokens/{token.id}/explain", {"address": ADDRESS} | asked)
    assert answer.status_code == 200, answer.text
    return answer.json


def counted(token, sessions, at):
    """The counters of an address that has tried to open sessions in this minute."""
    pk, sk = counters.key(token.id, ADDRESS)
    return {"pk": pk, "sk": sk, rate_limit.counter_name(SESSIONS[0], at.timestamp()): sessions}


def failing(explained):
    return {one["question"]: one for one in explained["questions"] if one["passes"] is False}


@pytest.mark.parametrize("windows", ["session_rate", "message_rate"])
def test_last_attempt_within_a_limit_is_accepted_and_the_next_is_not(api, clock, create, page, windows):
    token = create(rateLimitPerMinute=1)
    assert failing(explain(api, token, origin=ORIGIN)) == {}
    if windows == "session_rate":
        table.put(counted(token, 59, clock.held))
        assert failing(explain(api, token, origin=ORIGIN)) == {}
        page.open(token.value)
    else:
        page.say(page.open(token.value))
    assert list(failing(explain(api, token, origin=ORIGIN))) == [windows]
    assert failing(explain(api, token, origin=ORIGIN, address="198.51.100.9")) == {}


def test_attempts_of_the_whole_minute_count(api, clock, create):
    token = create()
    table.put(counted(token, 60, clock.held - timedelta(seconds=30)))
    assert list(failing(explain(api, token, origin=ORIGIN))) == ["session_rate"]


def test_explaining_counts_nothing_and_writes_nothing(api, clock, create, output):
    token = create(rateLimitPerMinute=1, originEnforcement="observe")
    table.put(counted(token, 58, clock.held))
    for _ in range(3):
        assert explain(api, token, origin="https://stranger.example.net")["accepted"]
    assert table.get(counters.key(token.id, ADDRESS), at=None) == counted(token, 58, clock.held)
    assert "observed" not in output()


def test_refused_origin_names_the_rule_the_nearest_entry_and_the_fix(api, create):
    token = create(allowedOrigins=["https://*.example.com", ORIGIN])
    assert failing(explain(api, token, origin="https://app.example.org")) == {
        "origin_allowed": {
            "question": "origin_allowed",
            "passes": False,
            "code": "origin_not_allowed",
            "rule": "https://app.example.org is not among the token's allowed origins.",
            "nearest": ORIGIN,
            "fix": "Add https://app.example.org to allowedOrigins.",
            "update": {"allowedOrigins": ["https://*.example.com", ORIGIN, "https://app.example.org"]},
        }
    }


@pytest.mark.parametrize(
    ("origin", "added", "fix"),
    [
        (None, "native", "Add native to allowedOrigins. It admits every request without"),
        ("http://app.example.com", "http://app.example.com", "Open the page with https, which is admitted, or add"),
        ("HTTPS://OTHER.example.com:443/", "https://other.example.com", "Add https://other.example.com to"),
        (f"{ORIGIN}/", None, f"Browsers send {ORIGIN}, which is admitted."),
        (
            f"{ORIGIN}/chat",
            None,
            "No browser sends this as an origin: it must be scheme, host, and port alone: drop",
        ),
        ("null", None, "Open the page from a web server"),
        (f"{ORIGIN}.", None, f"Redirect the page to {ORIGIN}."),
        (f"{ORIGIN}.:8443", None, f"Redirect the page to {ORIGIN}:8443."),
        ("https://a..", None, "No browser sends this as an origin: it"),
        ("*", None, "No browser sends this as an origin: it"),
        ("native", None, "No browser sends this as an origin: it"),
        ("http://localhost:*", None, "No browser sends this as an origin: it"),
        ("https://*.example.com", None, "No browser sends this as an origin: it"),
    ],
)
def test_update_adds_only_what_a_browser_sends(api, create, origin, added, fix):
    failed = failing(explain(api, create(), origin=origin))["origin_allowed"]
    assert failed["fix"].startswith(fix)
    assert failed["update"] == (added and {"allowedOrigins": [ORIGIN, added]})


def test_token_without_a_target_is_the_reason(api, create):
    found = failing(explain(api, create(flowIds=[]), origin=ORIGIN))["target_allowed"]
    assert (found["code"], found["rule"]) == ("no_target", "The token has no flow and no agent.")


def test_observed_origin_passes_and_has_a_fix(api, create):
    explained = explain(api, create(originEnforcement="observe"), origin="https://new.example.com")
    (asked,) = (one for one in explained["questions"] if one["question"] == "origin_allowed")
    assert (asked["passes"], asked["code"]) == (True, None)
    assert "only observed until 2027-02-14T12:00:00.250Z" in asked["rule"]
    assert asked["update"] == {"allowedOrigins": [ORIGIN, "https://new.example.com"]}


def test_no_update_is_offered_that_would_be_refused(api, create, register):
    full = create(allowedOrigins=[f"https://{number}.example.com" for number in range(100)])
    assert failing(explain(api, full, origin=ORIGIN))["origin_allowed"]["update"] is None
    register("agent_one")
    register("agent_two")
    pinned = create(agentIds=["agent_one"], targetAlias="stable")
    assert failing(explain(api, pinned, origin=ORIGIN, agentId="agent_two"))["target_allowed"]["update"] is None


def test_update_is_for_the_token_of_the_etag(api, create):
    token = create()
    token.change(isActive=False)
    answer = api.post(f"/v1/client-tokens/{token.id}/explain", {"origin": ORIGIN})
    (update,) = (one["update"] for one in answer.json["questions"] if one["update"])
    assert update == {"isActive": True}
    token.change(name="Another")
    saved = api.put(f"/v1/client-tokens/{token.id}", update, **{"If-Match": answer.headers["ETag"]})
    assert saved.status_code == 412


def test_target_that_exists_is_added_and_another_is_named_instead(api, create, register):
    register("flow_other")
    register("agent_sales")
    token = create()
    for asked, update in (
        ({"flowId": "flow_other"}, {"flowIds": ["flow_echo", "flow_other"]}),
        ({"agentId": "agent_sales"}, {"agentIds": ["agent_sales"]}),
    ):
        failed = failing(explain(api, token, origin=ORIGIN, **asked))["target_allowed"]
        assert (failed["code"], failed["update"]) == ("target_not_allowed", update)
    misspelled = failing(explain(api, token, origin=ORIGIN, flowId="flow_ecko"))["target_allowed"]
    assert (misspelled["nearest"], misspelled["update"]) == ("flow_echo", None)
    assert misspelled["fix"] == "Name flow_echo in the page, or register flow_ecko as a target and add it to flowIds."


def test_spent_budget_names_its_figures(api, clock, create, register):
    register("flow_echo", call_price="0.03")
    token = create(dailyBudget=0.05)
    pk, sk = daily_budgets.key(token.id, clock.held)
    table.put({"pk": pk, "sk": sk, "held": 30_000_000_000})
    failed = failing(explain(api, token, origin=ORIGIN))["daily_budget"]
    assert (failed["code"], failed["update"]) == ("budget_exhausted", None)
    assert failed["rule"] == "Of today's budget of $0.05, $0.03 is spent or reserved, and one answer can cost $0.03."


def test_every_question_is_answered_in_the_order_of_admission(api, create):
    token = create()
    token.change(isActive=False, allowedOrigins=["https://other.example.com"])
    explained = explain(api, token, origin=ORIGIN, flowId="flow_ech")
    assert [one["question"] for one in explained["questions"]] == [
        *("token_active", "token_not_expired", "origin_allowed", "target_allowed"),
        *("session_rate", "message_rate", "target_available", "daily_budget"),
    ]
    assert list(failing(explained)) == ["token_active", "origin_allowed", "target_allowed"]
    assert failing(explained)["target_allowed"]["nearest"] == "flow_echo"
    assert [one["passes"] for one in explained["questions"][-2:]] == [None, None]


def test_rates_are_not_asked_without_an_address(api, create):
    answer = api.post(f"/v1/client-tokens/{create().id}/explain", {"origin": ORIGIN})
    assert [one["question"] for one in answer.json["questions"] if one["passes"] is None] == [
        *("session_rate", "message_rate")
    ]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "origin"),
        ({"origin": 5}, "origin"),
        ({"origin": "x" * 301}, "origin"),
        ({"origin": ""}, "origin"),
        ({"origin": ORIGIN, "address": "example.com"}, "address"),
        ({"origin": ORIGIN, "address": ""}, "address"),
        ({"origin": ORIGIN, "address": "fe80::1%eth0"}, "address"),
        ({"origin": ORIGIN, "address": "1" * 46}, "address"),
        ({"origin": ORIGIN, "value": "x"}, "value"),
    ],
)
def test_400_names_what_is_wrong(api, create, body, path):
    answer = api.post(f"/v1/client-tokens/{create().id}/explain", body)
    assert (answer.status_code, answer.json["details"][0]["path"]) == (400, path)


def test_404_for_another_tenants_token(api, caller, create):
    token = create()
    asked = {"origin": ORIGIN}
    foreign = caller().post(f"/v1/client-tokens/{token.id}/explain", asked)
    unknown = api.post("/v1/client-tokens/ct_00000000000000000000000000/explain", asked)
    assert (foreign.status_code, foreign.json["error"]) == (unknown.status_code, unknown.json["error"])
    assert foreign.status_code == 404
